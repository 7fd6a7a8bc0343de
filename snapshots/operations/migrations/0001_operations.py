import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Operation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("idempotency_key", models.CharField(max_length=64, unique=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("snapshot.create", "Create"),
                            ("snapshot.restore", "Restore"),
                            ("snapshot.delete", "Delete"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sent", "Sent"),
                            ("accepted", "In progress"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                            ("reconciled", "Resolved"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("happened", "It happened"),
                            ("not_happened", "It did not happen"),
                            ("undecided", "Resolved by a person without proof"),
                        ],
                        default="",
                        max_length=14,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("actor_id", models.BigIntegerField()),
                ("actor_name", models.CharField(max_length=150)),
                ("actor_role", models.CharField(max_length=20)),
                ("token_id", models.CharField(max_length=12)),
                ("token_label", models.CharField(max_length=80)),
                ("token_fingerprint", models.CharField(max_length=64)),
                ("server_id", models.BigIntegerField()),
                ("server_name", models.CharField(max_length=300)),
                ("snapshot_id", models.BigIntegerField(null=True)),
                ("snapshot_name", models.CharField(max_length=300)),
                ("snapshot_created_at", models.DateTimeField(null=True)),
                ("known_snapshot_ids", models.JSONField(default=list)),
                ("knew_all_snapshots", models.BooleanField(default=True)),
                ("was_restoring", models.BooleanField(default=True)),
                ("said_restoring", models.BooleanField(default=False)),
                ("reason", models.TextField(blank=True)),
                ("provider_status", models.IntegerField(null=True)),
                ("provider_message", models.TextField(blank=True)),
                ("evidence", models.TextField(blank=True)),
                ("settled_by", models.CharField(blank=True, max_length=200)),
                ("settled_by_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("seen_moving_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "operation",
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "sent", "accepted", "unknown"])),
                        fields=["server_id", "state"],
                        name="operation_open",
                    ),
                    models.Index(fields=["token_fingerprint", "-created_at"], name="operation_token"),
                ],
            },
        ),
    ]
