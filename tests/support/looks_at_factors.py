"""Looks at the pages of second factors for names that a browser would translate."""

from types import SimpleNamespace

from django.test import Client
from django.urls import reverse

from snapportal.accounts.factors.models import Passkey
from tests.support.second_factors import give_all, type_password
from tests.support.translated_texts import Inspector


def look_at_second_factors(inspector: Inspector, cast: SimpleNamespace) -> None:
    give_all(cast.mia)
    browser, _answer = type_password(cast.mia)
    inspector.visit(browser, reverse("second_factor"), shows="One more step")
    mia, ada = Client(), Client()
    mia.force_login(cast.mia)
    ada.force_login(cast.ada)
    passkey = Passkey.objects.get(person=cast.mia)
    for page, arguments, shows in (
        ("factor_list", [], passkey.name),
        ("authenticator_set_up", [], "works until you enter a code"),
        ("authenticator_remove", [], "authenticator app"),
        ("passkey_add", [], "Your browser asks"),
        ("passkey_remove", [passkey.pk], passkey.name),
        ("recovery_codes", [], "recovery codes left"),
        ("factor_confirm", [], ""),
    ):
        inspector.visit(mia, reverse(page, args=arguments), shows=shows)
    inspector.visit(ada, reverse("person_factors_reset", args=[cast.mia.pk]), shows=cast.mia.name)
