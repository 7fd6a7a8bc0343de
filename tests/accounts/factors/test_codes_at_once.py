"""A code is used once, also when two sign-ins give it at the same moment."""

from functools import partial
from threading import Barrier

import pytest

from snapportal.accounts.factors import authenticator
from snapportal.accounts.factors.models import Authenticator
from tests.support.rendezvous import at_once
from tests.support.second_factors import code_of, give_app, second_step, type_password


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
def test_of_two_sign_ins_with_the_same_code_at_once_one_gets_in(cast, clock, monkeypatch, kind):
    codes = give_app(cast.mia, clock)
    code = code_of(cast.mia) if kind == "totp" else codes[0]
    browsers = [type_password(cast.mia)[0] for _ in range(2)]
    both = Barrier(2)
    find_step = authenticator.step_of

    def find_step_together(row: Authenticator, typed: str) -> int | None:
        step = find_step(row, typed)
        both.wait(10)
        return step

    monkeypatch.setattr(authenticator, "step_of", find_step_together)
    answers = at_once([partial(second_step, one, **{kind: code}) for one in browsers])
    assert sorted(one.status_code for one in answers) == [200, 302]
