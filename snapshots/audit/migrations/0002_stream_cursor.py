"""The table of the streams' positions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name="StreamCursor",
            fields=[
                ("stream", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField(default=0)),
                (
                    "hash",
                    models.CharField(
                        blank=True,
                        default="0000000000000000000000000000000000000000000000000000000000000000",
                        max_length=64,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("attempts", models.IntegerField(default=0)),
                ("failed_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("retry_at", models.DateTimeField(null=True)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("claimed_by", models.CharField(blank=True, max_length=36)),
                ("claimed_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audit_stream_cursor",
            },
        ),
    ]
