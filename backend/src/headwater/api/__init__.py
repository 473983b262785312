"""The routes: parse a request, call the use case, and choose the encoder."""
