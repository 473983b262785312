"""Limits wide enough to be out of a test's way, but for those that it names."""

from dataclasses import replace
from typing import Any

from headwater.generation.runner import Limits

_RUN = Limits(first_token=60, idle=30, total=300, reply_chars=1_000_000)


def run_limits(**named: Any) -> Limits:
    return replace(_RUN, **named)
