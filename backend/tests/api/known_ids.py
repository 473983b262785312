"""Hooks of schemathesis: most of the ids that it makes up become ids that exist, so that requests get far.

They also agree with each other in what a schema cannot say: in an archive, indexes are those of earlier
messages, and texts are those of the parts.
"""

import os
import random
import zlib
from collections.abc import Mapping
from typing import Any

import httpx
import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["HEADWATER_URL"]
FAST = {"tokens_per_second": 1e6, "first_token_ms": 0}
SHARE_OF_KNOWN = 0.75
KEPT = 5
KINDS = ("text", "reasoning")


class Known:
    """A client with conversations of a question and a reply, each of them shared."""

    def __init__(self) -> None:
        self.headers = {"Accept": "application/json"}
        self.replies: list[dict[str, Any]] = []
        for _ in range(KEPT):
            self.add()

    def add(self) -> None:
        body = {"message": "one two", "model": "scripted/echo", "script": FAST}
        started = httpx.post(f"{URL}/api/chat", json=body, headers=self.headers, timeout=20)
        self.headers.setdefault("headwater-client", started.headers.get("headwater-client", ""))
        reply = started.json()
        path = f"{URL}/api/conversations/{reply['conversation']}/share"
        reply["token"] = httpx.post(path, headers=self.headers, timeout=20).json()["token"]
        self.replies = [*self.replies, reply][-KEPT:]


known = Known()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Be the known client, except where all of its conversations are deleted, and name what it has.

    What is not valid stays as it is.
    """
    label, body = case.operation.label, case.body
    if label != "DELETE /api/conversations":
        case.headers.setdefault("headwater-client", known.headers["headwater-client"])
    if label != "GET /api/conversations/events":
        case.headers.setdefault("Accept", "application/json")
    chance = random.Random(zlib.crc32(repr((label, case.path_parameters, case.query, body)).encode()))
    reply = chance.choice(known.replies) if chance.random() < SHARE_OF_KNOWN else {}
    named = reply.get("conversation" if "conversations" in case.path else "generation")
    ids = {**reply, "name": named, "leaf": reply.get("message")} if reply else {}
    if is_valid(case, ParameterLocation.PATH):
        case.path_parameters = with_known(case.path_parameters, ids)
    ids.pop("message", None)  # elsewhere than in a path, it is a text
    if is_valid(case, ParameterLocation.QUERY):
        case.query = with_known(case.query, ids)
    if is_valid(case, ParameterLocation.BODY) and isinstance(body, dict):
        case.body = with_known(body, ids)
        if isinstance(conversations := body.get("conversations"), list):
            case.body["conversations"] = [consistent(conversation) for conversation in conversations]


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    if case.operation.label == "DELETE /api/conversations/{name}" and response.status_code == 204:
        known.add()


def is_valid(case: Case[Any], location: ParameterLocation) -> bool:
    return case.meta is not None and not case.meta.is_negative_at(location)


def with_known(members: Mapping[str, Any], ids: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if value is None else ids.get(name, value) for name, value in members.items()}


def consistent(conversation: Any) -> dict[str, Any]:
    messages = [agreed(message, position) for position, message in enumerate(conversation["messages"])]
    return with_index({**conversation, "messages": messages}, "leaf", len(messages))


def agreed(message: dict[str, Any], position: int) -> dict[str, Any]:
    parts = message.get("parts")
    if parts is not None:
        texts = {kind: [part["text"] for part in parts if part["type"] == kind] for kind in KINDS}
        message = {**message, **{kind: "".join(text) for kind, text in texts.items()}}
    return with_index(message, "parent", position)


def with_index(members: dict[str, Any], name: str, bound: int) -> dict[str, Any]:
    index = members.get(name)
    return members if index is None else {**members, name: int(index) % bound if bound else None}
