"""The headers and cookies that every answer of the portal has, and the settings of htmx in every page."""

from tests.support.hostile import strange_markup

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HTMX = {
    '"allowEval":false',
    '"allowScriptTags":false',
    '"includeIndicatorStyles":false',
    '"selfRequestsOnly":true',
    '"historyCacheSize":0',
}


def policy_of(answer) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";")]
    return {name: value for name, _space, value in parts if name}


def check_headers(answer, told: str, *, is_file: bool = False) -> None:
    assert policy_of(answer) == POLICY, told
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-SnapPortal": "answer",
    }
    assert {name: answer.get(name) for name in expected} == expected, told
    assert answer["X-Request-ID"], told
    if not is_file:
        assert answer["Cache-Control"] == "no-store", told
    assert "Server" not in answer, told
    assert not any(name.lower().startswith("access-control") for name in answer.headers), told
    for name, cookie in answer.cookies.items():
        assert name.startswith("__Host-"), told
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), told
        assert cookie["httponly"] or not cookie.value, told  # a deleted cookie needs no protection
        assert cookie["samesite"] in {"Lax", "Strict"}, told


def check_page(answer, told: str) -> None:
    text = answer.content.decode()
    assert strange_markup(text) == [], told
    if "<html" in text:
        assert all(rule in text for rule in HTMX), told
