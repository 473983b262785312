import fc from "fast-check";

// A red run points to a change, not to a draw. `make fuzz` draws anew.
fc.configureGlobal(process.env.HEADWATER_FUZZ ? {} : { seed: 20_261_127 });
