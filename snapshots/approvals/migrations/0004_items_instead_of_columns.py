from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_requested_items"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="approvalrequest",
            name="also_deletes",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="fingerprint",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="server_id",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="server_name",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="snapshot_created_at",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="snapshot_id",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="snapshot_name",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="token_fingerprint",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="token_id",
        ),
        migrations.RemoveField(
            model_name="approvalrequest",
            name="token_label",
        ),
    ]
