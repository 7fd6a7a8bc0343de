"""Django's test client notes each template that is rendered, with a copy of its context; here it notes whole pages only.

A page of ours includes hundreds of templates, such as an icon in each row: noting all of them took a tenth of the time of the
tests of pages. `response.context` is that of the page.
"""

import threading
from typing import Any

from django.template import Context, Template
from django.test.utils import instrumented_test_render

_inside = threading.local()


def _render(template: Template, context: Context) -> Any:
    if getattr(_inside, "a_page", False):
        return template.nodelist.render(context)
    _inside.a_page = True
    try:
        return instrumented_test_render(template, context)
    finally:
        _inside.a_page = False


def note_pages_only() -> None:
    """To be called once Django has prepared its test environment."""
    Template._render = _render
