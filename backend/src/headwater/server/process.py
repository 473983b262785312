"""What every process of the command sets up: its log and its event loop."""

import asyncio
import logging
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from headwater.data_folder import DataFolderError
from headwater.errors import UnavailableError
from headwater.settings import SettingsError
from headwater.storage.database import DatabaseError

T = TypeVar("T")

CANNOT_START = (SettingsError, DataFolderError, DatabaseError, UnavailableError)
"""What is raised where something cannot start; the message says why in one line."""


def log_to_standard_error(process: str = "") -> None:
    """Log what people should see. `process` names this one, where there are several."""
    named = f"{process} " if process else ""
    line = f"%(asctime)s %(levelname)s {named}%(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=line, force=True)
    for verbose in ("alembic", "httpx2", "hypercorn.error"):
        logging.getLogger(verbose).setLevel(logging.WARNING)


def run(main: Coroutine[Any, Any, T], *, forks: bool = False) -> T:
    """Run a coroutine to its end in an event loop; `forks` says that it forks processes."""
    with asyncio.Runner(loop_factory=_forking_loop if forks else _loop_factory()) as runner:
        return runner.run(main)


def _forking_loop() -> asyncio.AbstractEventLoop:
    """A loop that keeps nothing in the system that a forked process would share, as epoll does."""
    return asyncio.SelectorEventLoop(selectors.PollSelector())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
