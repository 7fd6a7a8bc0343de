"""A migration's operation for tables that may be large: it adds an index while rows are written."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexWithoutLock(migrations.AddIndex):
    """AddIndex; on PostgreSQL rows can be written while the index is built. The migration must not be atomic.

    Each of its steps is committed on its own, so what an interrupted one left is made anew.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {self.index.name}", params=None)
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}", params=None)
        schema_editor.add_index(model, self.index, concurrently=True)  # type: ignore[call-arg]
