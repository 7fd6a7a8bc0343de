import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ServerGrace",
            fields=[
                ("server_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("days", models.IntegerField()),
            ],
            options={
                "db_table": "server_grace",
            },
        ),
        migrations.CreateModel(
            name="PlannedDeletion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("form_key", models.CharField(max_length=64, null=True, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("grace", "Deleted, with a grace time"),
                            ("keep_until", "Kept until a date"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Being deleted"),
                            ("done", "Deleted"),
                            ("failed", "Not deleted"),
                            ("kept", "Kept"),
                            ("replaced", "Replaced"),
                            ("refused", "Refused"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("token_id", models.CharField(max_length=12)),
                ("token_label", models.CharField(max_length=80)),
                ("token_fingerprint", models.CharField(max_length=64)),
                ("server_id", models.BigIntegerField()),
                ("server_name", models.CharField(max_length=300)),
                ("snapshot_id", models.BigIntegerField()),
                ("snapshot_name", models.CharField(max_length=300)),
                ("snapshot_created_at", models.DateTimeField(null=True)),
                ("fingerprint", models.CharField(max_length=64)),
                ("person_id", models.BigIntegerField()),
                ("reason", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("sends", models.IntegerField(default=0)),
                ("operation_id", models.UUIDField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "planned_deletion",
                "ordering": ["due_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["due_at"],
                        name="planned_deletion_due",
                    ),
                    models.Index(fields=["state", "ended_at"], name="planned_deletion_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("server_id", "snapshot_id"),
                        name="planned_deletion_once",
                    )
                ],
            },
        ),
    ]
