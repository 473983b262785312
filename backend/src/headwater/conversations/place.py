"""Places in lists that clients hold between two questions."""

from typing import Annotated, TypeAlias

from msgspec import Meta

Place: TypeAlias = Annotated[int, Meta(ge=-(2**62), le=2**62)]
"""A number that the databases take, whatever a client makes of it."""
