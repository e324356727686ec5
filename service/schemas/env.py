"""What alembic runs to migrate a store: on the connection and in the transaction it is given."""

from alembic import context

_given = context.config.attributes
context.configure(
    connection=_given["connection"],
    version_table=_given["version_table"],
    on_version_apply=_given["applied"],
)
context.run_migrations()
