"""The Content-Security-Policy of every answer: nothing but the portal's own files, and no inline script or style."""

from typing import Final

from csp.constants import NONE, SELF

POLICY: Final = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
