"""The end of a set-up that was done with the sandbox: it is another one than with a real provider."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("first_run", "0001_setup")]

    operations = [
        migrations.AlterField(
            model_name="setupmark",
            name="name",
            field=models.CharField(
                choices=[
                    ("backup", "Backup of the database and the keys"),
                    ("alone", "Nobody else works with the portal"),
                    ("finished", "All steps were done"),
                    ("tried", "All steps were done"),
                ],
                max_length=20,
                primary_key=True,
                serialize=False,
            ),
        ),
    ]
