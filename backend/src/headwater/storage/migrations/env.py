"""The script that Alembic runs: applies the migrations on the given connection."""

from alembic import context

from headwater.storage.tables import metadata

# Both databases roll back schema changes with the transaction; Alembic assumes that SQLite does not.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
