"""Conversations as an export has them, to be imported into a server: `POST /api/conversations/import`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

A_DAY: datetime = datetime(2026, 11, 22, 10, tzinfo=UTC)


def question(text: str) -> dict[str, Any]:
    """What a person wrote."""
    return {"role": "user", "text": text}


def reply(text: str) -> dict[str, Any]:
    """What a model said."""
    return {"role": "assistant", "text": text}


def conversation(
    messages: Sequence[dict[str, Any]],
    *,
    title: str = "An imported conversation",
    at: datetime = A_DAY,
    **members: object,
) -> dict[str, Any]:
    """A conversation whose messages follow each other, last changed `at`."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    common = {"reasoning": "", "model": None, "outcome": None, "left_out": 0, "created_at": moment}
    told = [
        {**common, "parent": place - 1 if place else None, **message}
        for place, message in enumerate(messages)
    ]
    return {
        "title": title,
        "created_at": moment,
        "updated_at": moment,
        "pinned": False,
        "archived": False,
        "model": None,
        "system": None,
        "temperature": None,
        "max_tokens": None,
        "leaf": len(told) - 1,
        "messages": told,
        **members,
    }


def archive(conversations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An export of these conversations."""
    return {"format": "headwater", "version": 1, "conversations": list(conversations)}
