"""What can be wrong with a translation without knowing its language."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural

NAMED: Final = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
POSITIONAL: Final = re.compile(r"(?<!%)(?:%%)*(%[sd]|\{\})")
TAG: Final = re.compile(r"</?[a-z][^>]*>")
HIGHEST: Final = 1000
"""Numbers up to it say which of them a plural form is for."""


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation, and guessed ones."""
    return [_name(one) for one in _messages(catalog) if one.fuzzy or not all(forms(one))]


def problems(catalog: Catalog) -> list[str]:
    """What is wrong with the translations that there are."""
    return [f"{_name(one)}: {text}" for one in _messages(catalog) for text in _problems(one, catalog)]


def _messages(catalog: Catalog) -> Iterable[Message]:
    return (one for one in catalog if one.id)


def _name(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def forms(message: Message) -> tuple[str, ...]:
    """The translation, in each plural form; empty texts where there is none."""
    return tuple(message.string) if isinstance(message.string, list | tuple) else (message.string or "",)


def _problems(message: Message, catalog: Catalog) -> Iterable[str]:
    found = forms(message)
    if not any(found):
        return
    if isinstance(message.id, str):
        yield from _differences(message.id, found[0], may_omit=False)
        return
    if len(found) != catalog.num_plurals:
        yield f"{len(found)} plural forms instead of {catalog.num_plurals}"
        return
    for place, form in enumerate(found):
        if form:
            yield from _differences(message.id[1], form, may_omit=_is_for_one_number(catalog, place))


def _differences(source: str, translation: str, *, may_omit: bool) -> Iterable[str]:
    """`may_omit`: the form is for one number only, which it may name in words."""
    wanted, found = Counter(NAMED.findall(source)), Counter(NAMED.findall(translation))
    if found - wanted or (wanted - found and not may_omit):
        yield f"the variables {sorted(wanted)} became {sorted(found)}"
    if POSITIONAL.findall(source) != POSITIONAL.findall(translation):
        yield "a %s, %d or {} is missing, added or moved"
    if source.count("%%") != translation.count("%%"):
        yield "a %% is missing or added"
    if Counter(TAG.findall(source)) != Counter(TAG.findall(translation)):
        yield f"the tags {TAG.findall(source)} became {TAG.findall(translation)}"
    for name, place in (("first", 0), ("last", -1)):
        if source[place].isspace() != translation[place].isspace():
            yield f"a space is missing or added as its {name} character"


def _is_for_one_number(catalog: Catalog, place: int) -> bool:
    from gettext import c2py  # noqa: PLC0415 - evaluates a C expression

    form_of = c2py(get_plural(str(catalog.locale)).plural_expr)
    return sum(form_of(number) == place for number in range(HIGHEST)) == 1
