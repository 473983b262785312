"""Packets of Socket.IO: the objects of NDJSON, each as an event of its own name.

Its clients know two of the events by other names: `done` is the outcome, and `error` a problem. A reply that
breaks off is both, so that it never looks like success.
"""

from headwater.generation.codec import JsonObject
from headwater.transports.openai_error import INTERRUPTED
from headwater.transports.wire import encode_json

NAMES = {"outcome": "done", "problem": "error"}
"""Our names of events, and those of Socket.IO where they differ."""

EVENT = "2"
"""The type of a packet that carries an event (Socket.IO protocol, revision 5)."""


def packets(event: JsonObject) -> list[str]:
    """The packets of an event."""
    members = dict(event)
    name = members.pop("event")
    packet = _packet(NAMES.get(name, name), members)
    return [packet] if (problem := _broken_off(event)) is None else [_packet("error", problem), packet]


def _broken_off(event: JsonObject) -> JsonObject | None:
    """The problem that an outcome is; a reply that somebody stopped is none."""
    if event["event"] != "outcome":
        return None
    problem = {"type": "about:blank", "title": "The reply broke off", "generation": event["generation"]}
    match event["status"]:
        case "failed":
            return {**problem, "detail": event["message"], "code": event["code"]}
        case "interrupted":
            return {**problem, "detail": INTERRUPTED, "code": "interrupted"}
        case _:
            return None


def _packet(name: str, members: JsonObject) -> str:
    return EVENT + encode_json([name, members]).decode()
