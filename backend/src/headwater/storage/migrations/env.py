"""What Alembic runs: the migrations, on the connection that it is given."""

from alembic import context

from headwater.storage.tables import metadata

# Both databases take changes of the schema back with the transaction; of SQLite, Alembic does not assume it.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
