"""The command `headwater`."""

import argparse
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from headwater import __version__
from headwater.app import describe_api, storage_url
from headwater.conversations.model import timestamp
from headwater.data_folder import DATABASE, DataFolder
from headwater.generation.outcome import Cancelled
from headwater.identity.postgresql.signing_keys import SIGNS_AFTER, TICK, PostgresqlSecrets
from headwater.identity.signing_keys import Keys, new_secrets, newest_key, with_new_key
from headwater.live.bells import KEYS, Bells
from headwater.live.postgresql.changes import SharedChangeFeed
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.live.postgresql.control import SharedControl
from headwater.replies.service import wait_for_ends
from headwater.server.process import CANNOT_START, log_to_standard_error, run
from headwater.server.serve import serve
from headwater.server.supervisor import WorkersError, supervise
from headwater.settings import Settings, markdown_table
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, DatabaseError, open_database
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.erasure import FOR_GOOD
from headwater.storage.replies import ReplyRepository


class UnknownClientError(Exception):
    """Nothing is stored of a client with this name."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 2 if it cannot start, 130 if it is interrupted, else 0."""
    parser = argparse.ArgumentParser(prog="headwater", description="A streaming chat application.")
    parser.add_argument("--version", action="version", version=f"headwater {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the chat; the environment configures it (docs/configuration.md)")
    commands.add_parser("openapi", help="print the description of the API (OpenAPI)")
    commands.add_parser("settings", help="print the table of all variables (Markdown)")
    commands.add_parser(
        "rotate-key", help="sign client tokens with a new key; tokens signed with older ones stay valid"
    )
    commands.add_parser("forget-old-keys", help="accept only tokens signed with the newest key")
    commands.add_parser("clients", help="list whose conversations are stored, with their size and last use")
    delete = commands.add_parser("delete-client", help="remove all conversations of a client for good")
    delete.add_argument("name", help="its name in the list of clients")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "openapi":
                _announce(run(describe_api()))
            case "settings":
                _announce(markdown_table())
            case "rotate-key":
                run(_change_keys(with_new_key))
            case "forget-old-keys":
                run(_change_keys(newest_key))
            case "clients":
                run(_list_clients())
            case "delete-client":
                run(_delete_client(options.name))
            case _:
                _serve()
    except (*CANNOT_START, UnknownClientError, WorkersError) as error:
        print(f"headwater: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve() -> None:
    settings = Settings.from_environment(os.environ)
    if settings.workers > 1:
        log_to_standard_error("supervisor")
        run(supervise(settings, _announce), forks=True)
    else:
        log_to_standard_error()
        run(serve(settings, _announce))


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    """The configured database, also while a server runs on it."""
    url = _existing_database(Settings.from_environment(os.environ))
    async with open_database(url, as_it_is=True) as database:
        yield database


def _existing_database(settings: Settings) -> URL:
    """The configured database. Raises `DatabaseError` if it is a file that does not exist."""
    url = storage_url(settings, settings.data_dir / DATABASE)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        variable = "DATA_DIR" if settings.database_url is None else "DATABASE_URL"
        raise DatabaseError(
            f"there is no database {url.database!r}, which HEADWATER_{variable} leads to; `headwater serve`"
            " creates it"
        )
    return url


async def _list_clients() -> None:
    async with _database() as database:
        clients = await ConversationRepository(database).usage()
    if not clients:
        _announce("no conversations are stored")
        return
    rows = [("client", "conversations", "messages", "bytes", "last used")]
    rows += [
        (each.owner, str(each.conversations), str(each.messages), str(each.size), timestamp(each.last_used))
        for each in clients
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers, last_used in rows:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=False)]
        _announce("  ".join([name.ljust(widths[0]), *cells, last_used]))


async def _delete_client(name: str) -> None:
    async with _database() as database:
        conversations = ConversationRepository(database)
        deleted = await conversations.delete_all(name)
        if not database.is_sqlite:
            await _end_replies(database, name, deleted)
        if not deleted:
            raise UnknownClientError(f"there is no client {name!r}; `headwater clients` lists all")
        await conversations.purge(FOR_GOOD + 1)
    _announce(f"removed {len(deleted)} conversation{'s' if len(deleted) > 1 else ''} of {name}")


async def _end_replies(database: Database, client: str, deleted: Iterable[str]) -> None:
    """Have servers end all replies of a client, and tell its pages which conversations are deleted."""
    replies, ephemeral = ReplyRepository(database), EphemeralRepository(database)
    bells = Bells(PostgresqlChannel(database))
    control, changes = SharedControl(database, bells), SharedChangeFeed(bells)
    for conversation in deleted:
        changes.announce(client, conversation)
    running = await replies.open_elsewhere(client)
    for generation in (*running, *[each.id for each in await ephemeral.find_all(client)]):
        await control.stop(generation, Cancelled("user"))
    await ephemeral.delete(client)
    await bells.rung()
    await wait_for_ends(replies, client, running.keys())


async def _change_keys(change: Callable[[Keys], Keys]) -> None:
    """Change the signing keys: those in the folder, which servers read when they start, or in PostgreSQL."""
    settings = Settings.from_environment(os.environ)
    url = storage_url(settings, settings.data_dir / DATABASE)
    if url.get_backend_name() == "sqlite":
        count = await DataFolder(settings.data_dir, must_exist=True).change(change)
        _announce(f"{count} signing key{'s count' if count > 1 else ' counts'} from the next start on")
        return
    async with open_database(url, as_it_is=True) as database:
        count = await PostgresqlSecrets(database, new_secrets).change(change)
        bells = Bells(PostgresqlChannel(database))
        bells.ring(KEYS)
        await bells.rung()
    _announce(
        f"{count} signing key{'s count' if count > 1 else ' counts'} on all servers in {TICK:g} s;"
        f" a new one signs after {SIGNS_AFTER:g} s"
    )


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201
