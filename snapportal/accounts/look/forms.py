"""What a person can choose. An empty value is no choice."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from snapshots.views.forms.selects import QuickSelect
from snapshots.views.forms.time_zones import zone_choices
from snapshots.views.look import Look, checked

THEMES = [
    ("", pgettext_lazy("theme", "As the system")),
    ("light", pgettext_lazy("theme", "Light")),
    ("dark", pgettext_lazy("theme", "Dark")),
]
DENSITIES = [
    ("", pgettext_lazy("density", "Comfortable")),
    ("compact", pgettext_lazy("density", "Compact: more fits on the screen")),
]
SHORTCUTS = [
    ("", pgettext_lazy("keyboard shortcuts", "On")),
    ("off", pgettext_lazy("keyboard shortcuts", "Off")),
]
SERVER_LAYOUTS = [
    ("", pgettext_lazy("layout", "Cards")),
    ("table", pgettext_lazy("layout", "Table: one line for each snapshot")),
]


class LanguageSelect(QuickSelect):
    """Each language is named in itself."""

    def option_attributes(self, value: str) -> dict[str, Any]:
        return {"lang": value, "translate": "no"} if value else {}


class Choice(forms.ChoiceField):
    """One of several, of which the first is the empty one."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class LookForm(forms.Form):
    """Appearance and language."""

    use_required_attribute = False  # browsers would refuse the empty choice
    language = Choice(
        label=_("Language"),
        widget=LanguageSelect,
        help_text=_("Of the pages, and of the e-mails that you get."),
    )
    time_zone = Choice(
        label=_("Time zone"),
        widget=QuickSelect(attrs={"translate": "no"}),
        help_text=_("E-mails use it too; without a choice they give times in UTC."),
    )
    theme = Choice(label=_("Theme"), choices=THEMES, widget=forms.RadioSelect)
    density = Choice(label=_("Density"), choices=DENSITIES, widget=forms.RadioSelect)
    shortcuts = Choice(
        label=_("Keyboard shortcuts"),
        choices=SHORTCUTS,
        widget=forms.RadioSelect,
        help_text=_(
            "Single keys, such as / and n. Switch them off if you speak your input or press keys by accident."
        ),
    )
    server_layout = Choice(label=_("Servers"), choices=SERVER_LAYOUTS, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("language", [("", _("As the browser")), *settings.LANGUAGES])
        self._offer("time_zone", [("", _("As the browser")), *zone_choices("")])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, Choice)
        field.choices = choices

    @property
    def chosen(self) -> Look:
        return checked(**self.cleaned_data)
