"""The WSGI entry point."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snapportal.settings")
django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Treat every request as UTF-8: Django would decode with any charset the client names, and fail on some."""
    kind, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    if parameters.get("charset", "utf-8").lower() != "utf-8":
        environ["CONTENT_TYPE"] = kind
    return django_application(environ, start_response)
