"""The command `headwater`."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from headwater import __version__
from headwater.app import describe_api
from headwater.data_folder import DataFolder, DataFolderError
from headwater.server.serve import serve
from headwater.settings import Settings, SettingsError, markdown_table
from headwater.storage.database import DatabaseError

T = TypeVar("T")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 2 if it cannot start, 130 if it is interrupted, else 0."""
    parser = argparse.ArgumentParser(prog="headwater", description="A streaming chat application.")
    parser.add_argument("--version", action="version", version=f"headwater {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the chat; the environment configures it (docs/configuration.md)")
    commands.add_parser("openapi", help="print the description of the API (OpenAPI)")
    commands.add_parser("settings", help="print the table of all variables (Markdown)")
    commands.add_parser(
        "rotate-key", help="sign client tokens with a new key from the next start on; older keys stay valid"
    )
    commands.add_parser(
        "forget-old-keys", help="accept only tokens signed with the newest key from the next start on"
    )
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "openapi":
                _announce(_run(describe_api()))
            case "settings":
                _announce(markdown_table())
            case "rotate-key":
                _announce_keys(_data_folder().rotate_signing_key())
            case "forget-old-keys":
                _announce_keys(_data_folder().forget_old_keys())
            case _:
                _serve()
    except (SettingsError, DataFolderError, DatabaseError) as error:
        print(f"headwater: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for verbose in ("alembic", "httpx2", "hypercorn.error"):
        logging.getLogger(verbose).setLevel(logging.WARNING)
    _run(serve(Settings.from_environment(os.environ), _announce))


def _data_folder() -> DataFolder:
    return DataFolder(Settings.from_environment(os.environ).data_dir)


def _announce_keys(count: int) -> None:
    _announce(f"{count} signing key{'s count' if count > 1 else ' counts'} from the next start on")


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
