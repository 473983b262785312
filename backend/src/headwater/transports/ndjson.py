"""Newline-delimited JSON: one object per line, each with its event, generation and cursor."""

from typing import ClassVar

import msgspec

from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import Opening, framed_page, framed_start

_encode = msgspec.json.Encoder().encode


class NdjsonEncoder:
    """See `Encoder`."""

    media_type: ClassVar[str] = "application/x-ndjson"

    def opening(self, opening: Opening, after: Cursor) -> bytes:
        """See `Encoder.opening`."""
        return _line(framed_start(opening, after))

    def page(self, generation: str, page: Page) -> bytes:
        """See `Encoder.page`."""
        return b"".join(map(_line, framed_page(generation, page)))


def _line(value: JsonObject) -> bytes:
    return _encode(value) + b"\n"
