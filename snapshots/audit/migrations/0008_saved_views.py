"""Named filters of the log (saved_views)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0007_token_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("name_key", models.CharField(max_length=480)),
                ("chosen", models.JSONField(default=dict)),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "audit_saved_view",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_shared", True)),
                        fields=["is_shared"],
                        name="audit_saved_view_shared",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("owner_id", "name_key"), name="audit_saved_view_name")
                ],
            },
        ),
    ]
