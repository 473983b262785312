"""Pure encoders: a page of a log becomes bytes of one transport."""
