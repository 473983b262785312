"""The HTTP routes: parse, call the use case, pick the encoder."""
