"""Newline-delimited JSON: one object per line, each with its event, generation and cursor."""

from dataclasses import dataclass
from typing import ClassVar

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import encode_json, framed_page, framed_start


@dataclass(frozen=True, slots=True)
class NdjsonEncoder:
    """See `Encoder`."""

    media_type: ClassVar[str] = "application/x-ndjson"

    generation: GenerationRecord

    def opening(self, after: Cursor) -> bytes:
        return _line(framed_start(self.generation, after))

    def page(self, page: Page) -> bytes:
        return b"".join(map(_line, framed_page(self.generation.id, page)))


def _line(value: JsonObject) -> bytes:
    return encode_json(value) + b"\n"
