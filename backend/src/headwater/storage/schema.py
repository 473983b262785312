"""The schema and its versions: Alembic's migrations, and which programs may work on which of them.

A newer version may change the schema while servers of this one run and start. So migrations only add; what
is not used any more is removed a version later. The table `compatibility` names the oldest revision whose
programs can work on the schema; a migration that removes something changes that as well.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text

from headwater.storage.tables import compatibility

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = 0x48656164_6D696772
"""The id of PostgreSQL's lock of migrations: "Headmigr" as a number."""


class SchemaError(Exception):
    """This version cannot work on the database; the message says why in one line."""


def migrations(connection: Connection) -> Config:
    """Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema to the revision of this version, or a later one that it can work on.

    Servers that start together take turns. Raises `SchemaError`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if _is_older(connection):
        command.upgrade(migrations(connection), "head")


def require(connection: Connection) -> None:
    """Change nothing. Raises `SchemaError` if this version cannot work on the schema as it is."""
    if _is_older(connection):
        raise SchemaError(
            "no server of this version has worked on the database yet; start `headwater serve`, or use the"
            " command of the version that runs"
        )


def _is_older(connection: Connection) -> bool:
    """Whether migrations are missing. Raises `SchemaError` if there are some that are too new."""
    revision = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(migrations(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is None or revision in known:
        return revision != scripts.get_current_head()
    if not inspect(connection).has_table(compatibility.name) or (
        connection.scalar(select(compatibility.c.oldest)) not in known
    ):
        raise SchemaError(f"the database is of another version of Headwater: it has the schema {revision}")
    return False
