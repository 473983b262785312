"""WebSocket frames: the objects of NDJSON, each in a text frame."""

from headwater.generation.codec import JsonObject
from headwater.transports.wire import encode_json


def frame(event: JsonObject) -> str:
    """An event as a frame."""
    return encode_json(event).decode()
