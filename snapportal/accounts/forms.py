"""Forms for people: details, invitation, passwords."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from snapportal.accounts.models import ROLE_WORDS, Role, User
from snapshots.views.forms.reasons import ReasonField


class SignInForm(AuthenticationForm):
    """Sign-in name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["translate"] = "no"


# Only the type stubs declare the class generic.
class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, e-mail, role, and whether the person may sign in. `seen` is the `details_key` of the person as shown."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = User
        fields = ["name", "email", "role", "is_active"]
        widgets = {
            "role": forms.RadioSelect,
            "username": forms.TextInput(attrs={"translate": "no"}),
            "name": forms.TextInput(attrs={"translate": "no"}),
            "email": forms.EmailInput(attrs={"translate": "no"}),
        }
        help_texts = {
            "email": _("For notifications, and to recognise the person at single sign-on."),
            "is_active": _("Without this the person is signed out at once and cannot come back."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = self.instance.details_key
        if self.instance.is_service_account and "is_active" in self.fields:
            self.fields["is_active"].help_text = _("Without this its API keys do not work.")
        self.fields["role"].widget.choices = [
            (
                role.value,
                format_html('<strong>{}</strong> <span class="hint">{}</span>', role.label, ROLE_WORDS[role]),
            )
            for role in Role
        ]


class InvitationForm(PersonForm):
    """A person to be invited."""

    seen = None  # type: ignore[assignment] # removes the field

    class Meta(PersonForm.Meta):
        fields = ["username", "name", "email", "role"]
        error_messages = {"username": {"unique": _("A person with this sign-in name already exists.")}}
        help_texts = {
            "username": _("Small letters, digits and . _ @ + -; it cannot be changed later."),
            "email": PersonForm.Meta.help_texts["email"],
        }

    def clean_username(self) -> str:
        return User.normalize_username(self.cleaned_data["username"])


def keepers() -> QuerySet[User]:
    """Who may look after a service account."""
    return User.objects.filter(is_active=True, service_owner=None)


def _keeper_field() -> "forms.ModelChoiceField[User]":
    return forms.ModelChoiceField(
        label=_("Looked after by"),
        queryset=keepers(),
        empty_label=_("Choose a person"),
        widget=forms.Select(attrs={"translate": "no"}),
        help_text=_(
            "Can make and revoke keys with all rights of the account. Its keys work only while this person is active."
        ),
    )


class ServiceAccountForm(InvitationForm):
    """An account of scripts, which cannot sign in."""

    keeper = _keeper_field()

    class Meta(InvitationForm.Meta):
        fields = ["username", "name", "role"]


class KeeperForm(forms.Form):
    """Who looks after a service account from now on."""

    keeper = _keeper_field()


PASSWORD_HINT = _("At least 10 characters, not your name or e-mail, and not a password that many people use.")


class FirstPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """The password of an invited person."""

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        self.fields["new_password1"].help_text = PASSWORD_HINT
        self.fields["new_password2"].help_text = ""


class NewPasswordForm(PasswordChangeForm):
    """A new password for a person who knows the old one."""

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].help_text = PASSWORD_HINT
        self.fields["new_password2"].help_text = ""


class ErasureForm(forms.Form):
    """Why a person is erased, and the sign-in name as a confirmation."""

    reason = ReasonField(
        required=True, rows=3, help_text=_("It stays in the audit log: do not name the person here.")
    )
    username = forms.CharField(
        label=_("Sign-in name of the person"),
        max_length=60,
        widget=forms.TextInput(attrs={"translate": "no", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_username(self) -> str:
        typed = User.normalize_username(self.cleaned_data["username"])
        if typed != self.person.username:
            raise forms.ValidationError(_("This is not the sign-in name of the person."))
        return typed
