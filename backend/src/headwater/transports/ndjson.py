"""Newline-delimited JSON: one object a line, each naming its event, generation and cursor."""

from typing import ClassVar

import msgspec

from headwater.generation.log import Cursor, Page
from headwater.transports.wire import JsonObject, Opening, framed_objects, opening_object

_encode = msgspec.json.Encoder().encode


class NdjsonEncoder:
    """See `Encoder`."""

    media_type: ClassVar[str] = "application/x-ndjson"

    def opening(self, opening: Opening, after: Cursor) -> bytes:
        """See `Encoder.opening`."""
        return _line({"event": "start", "cursor": after, **opening_object(opening)})

    def page(self, generation: str, page: Page) -> bytes:
        """See `Encoder.page`."""
        lines = [_line(found) for found in framed_objects(generation, page)]
        return b"".join(lines) or _line({"event": "heartbeat", "generation": generation})


def _line(value: JsonObject) -> bytes:
    return _encode(value) + b"\n"
