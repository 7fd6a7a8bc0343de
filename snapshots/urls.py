"""The product's URLs. Every view has @public or @requires."""

from django.urls import path

from snapshots.views import (
    archive,
    audit,
    deletions,
    holds,
    jobs,
    keeping,
    operations,
    receipts,
    servers,
    snapshots,
    system,
    tokens,
    transparency,
)
from snapshots.views import help as help_views

urlpatterns = [
    path("", servers.server_list, name="server_list"),
    path("servers/<str:token_id>/<int:server_id>/", servers.server_detail, name="server_detail"),
    path("servers/<str:token_id>/<int:server_id>/status/", servers.server_status, name="server_status"),
    path("servers/<str:token_id>/<int:server_id>/create/", snapshots.snapshot_create, name="snapshot_create"),
    path(
        "servers/<str:token_id>/<int:server_id>/create/name/",
        snapshots.snapshot_name_check,
        name="snapshot_name_check",
    ),
    path(
        "servers/<str:token_id>/<int:server_id>/replace/", snapshots.snapshot_replace, name="snapshot_replace"
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/restore/",
        snapshots.snapshot_restore,
        name="snapshot_restore",
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/delete/",
        snapshots.snapshot_delete,
        name="snapshot_delete",
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/keeping/",
        keeping.snapshot_keeping,
        name="snapshot_keeping",
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/protect/",
        keeping.snapshot_protect,
        name="snapshot_protect",
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/unprotect/",
        keeping.snapshot_unprotect,
        name="snapshot_unprotect",
    ),
    path(
        "snapshots/<str:token_id>/<int:snapshot_id>/keep-until/",
        keeping.snapshot_keep_until,
        name="snapshot_keep_until",
    ),
    path("servers/<str:token_id>/<int:server_id>/grace/", keeping.server_grace, name="server_grace"),
    path("deletions/", deletions.deletion_list, name="deletion_list"),
    path("deletions/<uuid:pk>/", deletions.deletion_detail, name="deletion_detail"),
    path("deletions/<uuid:pk>/keep/", deletions.deletion_keep, name="deletion_keep"),
    path("deletions/<uuid:pk>/extend/", deletions.deletion_extend, name="deletion_extend"),
    path("operations/<uuid:pk>/", operations.operation_detail, name="operation_detail"),
    path("operations/<uuid:pk>/status/", operations.operation_status, name="operation_status"),
    path("operations/<uuid:pk>/receipt/", receipts.operation_receipt, name="operation_receipt"),
    path("operations/<uuid:pk>/close/", operations.operation_close, name="operation_close"),
    path("jobs/<uuid:pk>/", jobs.job_detail, name="job_detail"),
    path("jobs/<uuid:pk>/status/", jobs.job_status, name="job_status"),
    path("jobs/<uuid:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("attention/", operations.operation_attention, name="operation_attention"),
    path("audit/", audit.entry_list, name="entry_list"),
    path("audit/export/", audit.entry_export, name="entry_export"),
    path("audit/archive/", archive.archive_list, name="archive_list"),
    path("audit/archive/<int:first>/", archive.archive_detail, name="archive_detail"),
    path("audit/holds/", holds.hold_list, name="hold_list"),
    path("audit/holds/place/", holds.hold_place, name="hold_place"),
    path("audit/holds/<int:row>/lift/", holds.hold_lift, name="hold_lift"),
    path("audit/<int:sequence>/", audit.entry_detail, name="entry_detail"),
    path("audit/<int:sequence>/receipt/", receipts.entry_receipt, name="entry_receipt"),
    path("log/checkpoint", transparency.checkpoint_detail, name="checkpoint_detail"),
    path(
        "log/tile/<str:level>/<path:index>.p/<str:width>",
        transparency.tile_detail,
        name="partial_tile_detail",
    ),
    path("log/tile/<str:level>/<path:index>", transparency.tile_detail, name="tile_detail"),
    path("system/", system.system_detail, name="system_detail"),
    path("help/", help_views.help_page, name="help_page"),
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/add/", tokens.token_add, name="token_add"),
    path("tokens/<str:token_id>/replace/", tokens.token_replace, name="token_replace"),
    path("tokens/<str:token_id>/remove/", tokens.token_remove, name="token_remove"),
    path("tokens/<str:token_id>/check/", tokens.token_check, name="token_check"),
    path("people/<int:pk>/token/", tokens.person_token_add, name="person_token_add"),
]
