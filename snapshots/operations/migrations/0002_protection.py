from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_operations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Protection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("server_id", models.BigIntegerField()),
                ("snapshot_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("reason", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "snapshot_protection",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("server_id", "snapshot_id"), name="protection_of_snapshot"
                    )
                ],
            },
        ),
    ]
