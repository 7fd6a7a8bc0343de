from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("owner", models.CharField(max_length=32)),
                ("expires_at", models.FloatField()),
            ],
            options={"db_table": "lease"},
        ),
    ]
