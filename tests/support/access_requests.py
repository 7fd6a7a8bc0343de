"""Which requests tests/views/test_access_matrix.py sends to an address in the name of a role."""

from collections.abc import Collection

from snapportal.accounts.models import Role
from tests.support.deep import DEEP

NOBODY_AT_ALL = "anonymous"
PAGE: dict[str, str] = {}
FRAGMENT = {"HX-Request": "true"}
OTHER_METHODS = ("PUT", "PATCH", "DELETE")

Requests = list[tuple[str, dict[str, str]]]


def requests_of(role: str, who: Collection[str], methods: str, place: int) -> Requests:
    """Method and headers of each. POST comes last, because it may end the session. `place` is that of the address among all.

    A role asks for a page of whatever lets it in. What is refused is refused before it matters whether a page, which costs more,
    or a fragment is asked for: nobody at all and one role in turn ask for pages. PUT, PATCH and DELETE are tried by nobody at
    all, and one of them, in turn, by each role. A thorough run asks for all.
    """
    if DEEP or role == NOBODY_AT_ALL:
        refused = PAGE if role in {NOBODY_AT_ALL, Role.ADMIN} else FRAGMENT
        others = [(one, refused) for one in OTHER_METHODS]
        return [("GET", PAGE), ("GET", FRAGMENT), *others, ("POST", PAGE)]
    turn = place + Role.values.index(role)
    is_in_turn = turn % len(Role.values) == 0
    refused = PAGE if is_in_turn else FRAGMENT
    read, sent = (PAGE if role in who and one in methods.split() else refused for one in ("GET", "POST"))
    return [
        ("GET", read),
        *([("GET", FRAGMENT)] if is_in_turn else []),
        (OTHER_METHODS[turn % len(OTHER_METHODS)], refused),
        ("POST", sent),
    ]
