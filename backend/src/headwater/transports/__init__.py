"""Pure encoders: each turns pages of a log into the bytes of one transport."""
