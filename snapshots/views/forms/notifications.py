"""The forms of notifications: a person's choices, and the targets of the team."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from snapshots.audit import outbound, standard_webhooks
from snapshots.contract import clean_text
from snapshots.notifications import services
from snapshots.notifications.models import Kind, Scope, TargetKind
from snapshots.notifications.rules import OWN_KINDS, WITHOUT_SERVER, Choice
from snapshots.notifications.targets import Address, Wishes

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ADDRESS_MAX_LENGTH = 1000
SERVERS_MAX_LENGTH = 1000
SERVER_ID_MAX = 2**63 - 1
EVERYWHERE = [(Scope.OFF.value, Scope.OFF.label), (Scope.ALL.value, _("Yes"))]


class ReadForm(forms.Form):
    until = forms.IntegerField(min_value=0, max_value=SERVER_ID_MAX)


class RulesForm(forms.Form):
    """For each kind of event: of which servers the person is told in the portal, and by e-mail."""

    def __init__(self, data: Any, *, kinds: Sequence[Kind], choices: Mapping[str, Choice]) -> None:
        super().__init__(data)
        self._kinds = kinds
        for kind in kinds:
            for channel, label in _channels(kind):
                scope = getattr(choices[kind], channel)
                is_plain = kind in WITHOUT_SERVER
                self.fields[f"{kind.name.lower()}_{channel}"] = forms.ChoiceField(
                    label=label,
                    choices=EVERYWHERE if is_plain else Scope.choices,
                    initial=Scope.ALL if is_plain and scope != Scope.OFF else scope,
                )

    @property
    def groups(self) -> list[dict[str, Any]]:
        """For each kind its label and its two fields."""
        return [
            {
                "label": kind.label,
                "fields": [self[f"{kind.name.lower()}_{channel}"] for channel, _label in _channels(kind)],
            }
            for kind in self._kinds
        ]

    @property
    def chosen(self) -> dict[str, Choice]:
        """Only for a valid form."""
        found = self.cleaned_data
        return {
            kind: Choice(
                *(Scope(found.get(f"{kind.name.lower()}_{one}", Scope.ALL)) for one in ("portal", "email"))
            )
            for kind in self._kinds
        }


def _channels(kind: Kind) -> list[tuple[str, "StrPromise"]]:
    """What is about the person's own account is always told in the portal: whoever has stolen a session must not end that."""
    email = ("email", _("By e-mail"))
    return [email] if kind in OWN_KINDS else [("portal", _("In the portal")), email]


class WishesForm(forms.Form):
    """What a target is told."""

    kinds = forms.MultipleChoiceField(
        label=_("Which events?"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(kind.value, kind.label) for kind in Kind if kind not in {Kind.TEST, *OWN_KINDS}],
    )
    servers = forms.CharField(
        label=_("IDs of servers"),
        required=False,
        max_length=SERVERS_MAX_LENGTH,
        widget=forms.TextInput(attrs={"translate": "no", "autocomplete": "off"}),
        help_text=_("Separated by commas. Leave it empty for all servers. A server's page shows its ID."),
    )

    def clean_servers(self) -> tuple[int, ...]:
        parts = [part for part in re.split(r"[,\s]+", self.cleaned_data["servers"]) if part]
        if not all(re.fullmatch(r"[0-9]{1,18}", part) for part in parts):
            raise forms.ValidationError(_("Only numbers, separated by commas."))
        return tuple(sorted({int(part) for part in parts}))

    @property
    def wishes(self) -> Wishes:
        """Only for a valid form."""
        return Wishes(tuple(self.cleaned_data["kinds"]), self.cleaned_data["servers"])


class TargetForm(WishesForm):
    """A new target. Its address and secret are never rendered back."""

    kind = forms.ChoiceField(label=_("What is it?"), widget=forms.RadioSelect, choices=TargetKind.choices)
    label = forms.CharField(
        label=_("Label"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "translate": "no"}),
        help_text=_("A name that everybody may read, such as the channel."),
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=ADDRESS_MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "https://… of a webhook, or the address of a service as apprise writes it, such as slack://… or ntfys://…. "
            "It is stored encrypted and never shown again."
        ),
    )
    secret = forms.CharField(
        label=_("Secret of the webhook"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "whsec_…, if the receiver has made one. Otherwise the portal makes it and shows it once."
        ),
    )
    field_order = ["kind", "label", "address", "secret", "kinds", "servers"]
    is_new_secret = False

    def clean_label(self) -> str:
        label = clean_text(self.cleaned_data["label"], 80)
        if "://" in label or standard_webhooks.PREFIX in label:
            raise forms.ValidationError(
                _("This looks like an address or a secret. Everybody may read the label.")
            )
        return label

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        if secret:
            try:
                standard_webhooks.parse_secret(secret)
            except ValueError:
                raise forms.ValidationError(
                    _("It must be whsec_ and 24 to 64 random bytes in base64.")
                ) from None
        return secret

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "kind" in found and "address" in found:
            try:
                found["shown"] = self._check_webhook() if self._is_webhook else self._check_service()
            except forms.ValidationError as error:
                self.add_error("address", error)
        return found

    @property
    def _is_webhook(self) -> bool:
        return bool(self.cleaned_data["kind"] == TargetKind.WEBHOOK)

    def _check_webhook(self) -> str:
        """The host. Raises ValidationError."""
        text = self.cleaned_data["address"]
        schemes = {"https", "http"} if settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES else {"https"}
        try:
            parts = urlsplit(text)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise forms.ValidationError(_("This is not an address.")) from None
        if parts.scheme not in schemes or not host or not text.isascii() or re.search(r"\s", text):
            raise forms.ValidationError(_("It must begin with https:// and name a host."))
        if parts.username or parts.password or parts.fragment:
            raise forms.ValidationError(_("It may hold no name, password or fragment."))
        if not settings.SNAPPORTAL_NOTIFY_PRIVATE_ADDRESSES and _is_private(host):
            raise forms.ValidationError(_("This address is not public."))
        return host[:200]

    def _check_service(self) -> str:
        """The service's name. Raises ValidationError."""
        try:
            name = services.service_name(self.cleaned_data["address"])
            services.check(self.cleaned_data["address"])
        except services.ServiceError:
            raise forms.ValidationError(
                _("This is not the address of a service that the portal can call over https.")
            ) from None
        return name

    @property
    def target(self) -> dict[str, Any]:
        """The arguments of targets.add. Makes a webhook's secret where none was given. Only for a valid form."""
        found = self.cleaned_data
        secret = found["secret"] if self._is_webhook else ""
        if self._is_webhook and not secret:
            secret, self.is_new_secret = standard_webhooks.new_secret(), True
        return {
            "kind": TargetKind(found["kind"]),
            "label": found["label"],
            "shown": found["shown"],
            "address": Address(found["address"], secret),
            "wishes": self.wishes,
        }


def _is_private(host: str) -> bool:
    """Whether it is an IP address that is not public. Names are checked where they are connected to."""
    try:
        return not outbound.is_public(host)
    except ValueError:
        return host == "localhost"
