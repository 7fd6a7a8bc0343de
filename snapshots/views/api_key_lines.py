"""API keys as pages list them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.api.models import ApiKey
from snapshots.inventory.shown_servers import names_shown_with
from snapshots.templatetags.portal import as_name, id_text
from snapshots.vault.models import StoredToken
from snapshots.views.links import link
from snapshots.views.texts.api_keys import needs_token, state_badge
from snapshots.views.texts.base import Badge
from snapshots.views.texts.rights import right_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class KeyLine:
    """One key. `servers` is '' for one that uses no token."""

    key: ApiKey
    badge: Badge
    rights: list["StrPromise | str"]
    servers: SafeString | str

    @property
    def revoke_url(self) -> str:
        return link("api_key_revoke", self.key.pk)


def key_lines(found: Iterable[ApiKey]) -> list[KeyLine]:
    """`found` with owners and tokens, as keys.visible_to gives them."""
    names: dict[str, dict[int, str]] = {}
    return [
        KeyLine(
            key=one,
            badge=state_badge(one),
            rights=[right_words(right) for right in one.rights],
            servers=_servers(one, _names(one.token, names)),
        )
        for one in found
    ]


def _names(token: StoredToken | None, known: dict[str, dict[int, str]]) -> dict[int, str]:
    """Of the token's servers; `known` keeps them by its fingerprint."""
    if token is None:
        return {}
    if token.fingerprint not in known:
        known[token.fingerprint] = names_shown_with(token) or {}
    return known[token.fingerprint]


def _servers(key: ApiKey, names: dict[int, str]) -> SafeString | str:
    if key.server_ids:
        shown = (as_name(names.get(one) or id_text(one)) for one in key.server_ids)
        return format_html_join(", ", "{}", ((one,) for one in shown))
    if key.token_id is None and not needs_token(key.rights):
        return ""
    return format_html("{}", _("All servers of the token"))
