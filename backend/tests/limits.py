"""Limits wide enough to be out of a test's way, but for those that it names."""

from dataclasses import replace
from typing import Any

from headwater.generation.runner import Limits
from headwater.replies.service import ChatLimits

_RUN = Limits(first_token=60, idle=30, total=300, reply_chars=1_000_000)
_CHAT = ChatLimits(
    message_chars=32_768, active=1000, active_per_client=8, abandon_after=60, window=0.025, heartbeat=10
)


def run_limits(**named: Any) -> Limits:
    return replace(_RUN, **named)


def chat_limits(**named: Any) -> ChatLimits:
    return replace(_CHAT, **named)
