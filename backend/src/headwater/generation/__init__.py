"""The heart: a reply as an append-only log, its one writer and its readers. Standard library only."""

from headwater.generation import kinds

__all__ = ["kinds"]
