"""Runs revisions on the connection that `anxin.store.schema` hands over, inside its transaction."""

from alembic import context

from anxin.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
)
with context.begin_transaction():
    context.run_migrations()
