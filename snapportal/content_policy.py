"""What pages may load, and where forms may lead (promise 23): nothing inline, and nothing from elsewhere."""

from typing import Final

from csp.constants import NONE, SELF

DIRECTIVES: Final = {
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
