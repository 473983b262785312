"""Headwater: a model's reply as an append-only log that any number of readers follow from a cursor."""

__version__ = "0.1.0"
