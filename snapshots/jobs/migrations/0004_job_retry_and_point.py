import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0003_step_spares_newest"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="retry_of",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="retry", to="jobs.job"
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="point",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="restores", to="jobs.job"
            ),
        ),
    ]
