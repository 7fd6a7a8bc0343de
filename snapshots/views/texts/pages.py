"""The pages of the portal that can be opened by their name, with their titles."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PAGES: Final[dict[str, "StrPromise"]] = {
    "server_list": _("Servers"),
    "schedule_list": _("Schedules"),
    "schedule_add": _("Make a schedule"),
    "restore_point_list": _("Restore points"),
    "deletion_list": _("Planned deletions"),
    "request_list": _("Approvals"),
    "policy_list": _("Approval policies"),
    "policy_add": _("Place a policy"),
    "freeze_list": _("Freezes"),
    "freeze_add": _("Place a freeze"),
    "operation_attention": _("Needs attention"),
    "token_list": _("Tokens"),
    "token_add": _("Add a token"),
    "api_key_list": _("API keys"),
    "api_key_add": _("Make an API key"),
    "api_reference": _("API reference"),
    "notification_list": _("Notifications"),
    "notification_rules": _("Choose what you are told"),
    "target_list": _("Targets of the team"),
    "target_add": _("Add a target"),
    "entry_list": _("Audit log"),
    "log_view_list": _("Saved views"),
    "log_activity": _("Activity in the audit log"),
    "log_report": _("Monthly report of the audit log"),
    "entry_export": _("Export the audit log"),
    "archive_list": _("Archive of the audit log"),
    "review_list": _("Reviews"),
    "review_entries": _("Go through the entries"),
    "review_sign": _("Sign a review"),
    "question_list": _("Questions to you"),
    "hold_list": _("Legal holds"),
    "hold_place": _("Place a hold"),
    "person_list": _("People"),
    "person_add": _("Invite a person"),
    "service_account_add": _("Add a service account"),
    "team_list": _("Teams"),
    "team_add": _("Add a team"),
    "security_detail": _("Security"),
    "system_detail": _("System"),
    "setup_detail": _("Set up this portal"),
    "account_detail": _("Your account"),
    "look_edit": _("Appearance and language"),
    "session_list": _("Your sessions"),
    "factor_list": _("Second factors"),
    "temporary_role_list": _("Temporary roles"),
    "temporary_role_add": _("Ask for a temporary role"),
    "help_page": _("Help"),
}
"""URL name → the page's title. None of them needs an argument."""

SEARCH_WORDS: Final[dict[str, "StrPromise"]] = {
    "server_list": _("start page, overview, machines, VPS"),
    "schedule_list": _("automatic, daily, weekly, regular, cron, backup"),
    "deletion_list": _("trash, bin, undo, grace time, keep"),
    "request_list": _("requests, four eyes, decide"),
    "freeze_list": _("maintenance, stop, block"),
    "operation_attention": _("unknown, stuck, errors, failed"),
    "token_list": _("VPS.org, provider, connect, account, credentials"),
    "api_key_list": _("scripts, automation, programs, access"),
    "notification_rules": _("e-mail, mail, chat, webhook, alerts, warnings"),
    "entry_list": _("history, who did what, protocol, evidence"),
    "entry_export": _("download, CSV, JSON, spreadsheet, Excel"),
    "person_list": _("users, accounts, roles, permissions"),
    "security_detail": _("risks, sign-ins, weak, unused"),
    "system_detail": _("status, health, version, worker, database"),
    "account_detail": _("password, profile, name, role, sign-in"),
    "look_edit": _("dark, light, theme, colours, time zone, clock, density, keyboard shortcuts, settings"),
    "session_list": _("sign out, devices, browsers, computers"),
    "factor_list": _("two-factor, 2FA, MFA, passkey, authenticator, recovery codes"),
    "help_page": _("manual, guide, documentation, questions, support"),
}
"""URL name → other words that people look for the page with."""
