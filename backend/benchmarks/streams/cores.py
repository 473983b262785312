"""Which core the server under test runs on, and which ones everything else."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cores:
    server: int
    others: frozenset[int]
    are_siblings: bool
    """The two sides are threads of one physical core, because there is no other."""


def split_cores() -> Cores:
    """One core for the server, the rest for everything else. Exits where that is impossible."""
    if not hasattr(os, "sched_getaffinity"):
        raise SystemExit("The benchmark needs Linux: other systems do not keep a process on one core.")
    available = os.sched_getaffinity(0)
    if len(available) < 2:
        raise SystemExit(
            "The benchmark needs two cores, and it may use one here. "
            "The server under test has a core of its own, because the load would take its time otherwise."
        )
    server = min(available)
    others = frozenset(available - _threads_beside(server))
    return Cores(server, others or frozenset(available - {server}), are_siblings=not others)


def _threads_beside(core: int) -> set[int]:
    """The threads of the physical core that `core` is one of."""
    siblings = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    threads = {core}
    if siblings.exists():
        for piece in siblings.read_text("ascii").strip().split(","):
            first, _, last = piece.partition("-")
            threads |= set(range(int(first), int(last or first) + 1))
    return threads


def keep_on(cores: set[int]) -> Callable[[], None]:
    """For `preexec_fn` of a process that shall run on these cores only."""
    return lambda: os.sched_setaffinity(0, cores)
