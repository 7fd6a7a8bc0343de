"""`{% explain "anchor" %}`: a button beside a hard word, and the short text that the browser opens, without a script."""

from typing import Any

from django import template

from snapshots.views.texts.glossary import TERMS

register = template.Library()


@register.inclusion_tag("help/_explanation.html")
def explain(name: str) -> dict[str, Any]:
    """Once for each word on a page: `name` is a part of its ID. Not within a heading, a label or a button, whose name it would
    become a part of."""
    return {"name": name, "term": TERMS[name]}
