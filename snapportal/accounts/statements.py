"""What the log says about people: accounts, roles, teams, sign-in, second factors, sessions."""

from typing import Final

from snapshots.audit.wording.kinds import COUNT, ID, NAME, ROLE, TEXT, URL, list_of
from snapshots.audit.wording.statements import Counted, Statement

# --- People, teams, service accounts --------------------------------------------------------------------------------------

RENEWED: Final = Statement("person.renewed", "renewed", only=("person.invite",))
DETAIL: Final = Statement("person.detail", "“%(value)s”", only=("person.change_details",), value=TEXT)
NO_DETAIL: Final = Statement("person.no_detail", "-", only=("person.change_details",))
BY_GROUPS: Final = Statement("person.by_groups", "by single sign-on: groups %(groups)s", groups=list_of(NAME))
BY_SINGLE_SIGN_ON: Final = Statement("person.by_single_sign_on", "by single sign-on")
LOOKED_AFTER_BY: Final = Statement("person.looked_after_by", "looked after by “%(name)s”", name=TEXT)
KEEPER_CHANGED: Final = Statement(
    "person.keeper_changed", "“%(name)s”, in place of person %(before)s", name=TEXT, before=ID
)
TOKENS_REMOVED: Final = Counted(
    "person.tokens_removed",
    "%(count)s token removed",
    "%(count)s tokens removed",
    by="count",
    count=COUNT,
)
VIEWS_REMOVED: Final = Counted(
    "person.views_removed",
    "%(count)s saved view removed",
    "%(count)s saved views removed",
    by="count",
    count=COUNT,
)
KEYS_REMOVED: Final = Counted(
    "person.keys_removed",
    "%(count)s API key removed",
    "%(count)s API keys removed",
    by="count",
    count=COUNT,
)
TEAM: Final = Statement("team.named", "“%(name)s”:", only=("team.",), name=TEXT)
MEMBERS: Final = Statement("team.members", "members: %(count)s", count=COUNT)
LOOK_FIELDS: Final = {
    "language": Statement("look.language", "language"),
    "theme": Statement("look.theme", "theme"),
    "density": Statement("look.density", "density"),
    "time_zone": Statement("look.time_zone", "time zone"),
    "shortcuts": Statement("look.shortcuts", "shortcuts"),
    "server_layout": Statement("look.server_layout", "layout of the servers"),
}

# --- Signing in, and proofs of who it is ----------------------------------------------------------------------------------

PASSWORD: Final = Statement("proof.password", "password")
INVITATION: Final = Statement("proof.invitation", "invitation")
SINGLE_SIGN_ON: Final = Statement("proof.single_sign_on", "single sign-on")
ISSUER: Final = Statement("identity.issuer", "%(issuer)s", only=("person.",), issuer=URL)
BY_EMAIL: Final = Statement("identity.by_email", "by verified e-mail address")
FOR_NEW_PERSON: Final = Statement("identity.for_new_person", "for a new person")
APP: Final = Statement("factor.app", "authenticator app")
OTHER_APP: Final = Statement("factor.other_app", "in place of another")
PASSKEY: Final = Statement("factor.passkey", "passkey")
NAMED_PASSKEY: Final = Statement("factor.named_passkey", "passkey “%(name)s”", name=TEXT)
LAST_FACTOR: Final = Statement("factor.last", "the last one")
RECOVERY_CODE: Final = Statement("factor.recovery_code", "recovery code")
CODES_LEFT: Final = Statement("factor.codes_left", "%(count)s left", count=COUNT)
SESSIONS_ENDED: Final = Statement("session.ended", "%(count)s ended", count=COUNT)
DEVICE: Final = Statement("session.device", "“%(device)s”", only=("session.end",), device=TEXT)
UNKNOWN_DEVICE: Final = Statement("session.unknown_device", "unknown device")

# --- Roles for some hours -------------------------------------------------------------------------------------------------

TEMPORARY_ROLE: Final = Counted(
    "temporary_role.described",
    "%(role)s on servers %(servers)s for %(hours)s hour, asked by person %(person)s",
    "%(role)s on servers %(servers)s for %(hours)s hours, asked by person %(person)s",
    by="hours",
    role=ROLE,
    servers=list_of(ID),
    hours=COUNT,
    person=ID,
)
