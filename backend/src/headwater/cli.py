"""The command `headwater`."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from headwater import __version__
from headwater.data_folder import DataFolderError
from headwater.server.serve import serve
from headwater.settings import Settings, SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 for a good end, 2 for what cannot start."""
    parser = argparse.ArgumentParser(prog="headwater", description="A streaming chat application.")
    parser.add_argument("--version", action="version", version=f"headwater {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the chat; the environment configures it (docs/protocol.md)")
    parser.parse_args(arguments)
    return _serve()


def _serve() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "hypercorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        _run(serve(Settings.from_environment(os.environ), _announce))
    except (SettingsError, DataFolderError) as error:
        print(f"headwater: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
