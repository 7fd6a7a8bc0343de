"""JSON Schema in words, for the reference page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as lazy

from snapshots.contract import MAX_ID
from snapshots.templatetags.portal import as_name

KINDS: Final = {
    "integer": lazy("whole number"),
    "number": lazy("number"),
    "string": lazy("text"),
    "boolean": lazy("true or false"),
    "object": lazy("object"),
    "array": lazy("list"),
}
PLACES: Final = {"path": lazy("in the path"), "query": lazy("in the query"), "header": lazy("header")}
Schemas = Mapping[str, Any]


@dataclass(frozen=True)
class FieldRow:
    """A parameter or a member of a body."""

    name: str
    place: str
    kind: str
    is_required: bool


def parameter_rows(parameters: Iterable[Mapping[str, Any]]) -> list[FieldRow]:
    """Without the headers of writes, which are explained once."""
    return [
        FieldRow(one["name"], str(PLACES[one["in"]]), kind_text(one["schema"]), one["required"])
        for one in parameters
        if one["in"] != "header"
    ]


def member_rows(schema: Schemas, components: Schemas) -> list[FieldRow]:
    found = _resolved(schema, components)
    required = found.get("required", [])
    return [FieldRow(name, "", kind_text(one), name in required) for name, one in found["properties"].items()]


def _resolved(schema: Schemas, components: Schemas) -> Schemas:
    reference = schema.get("$ref")
    found: Schemas = components[reference.rpartition("/")[2]] if reference else schema
    return found


def _choices(schema: Schemas) -> list[Schemas]:
    """Without null, which means the same as leaving it out."""
    return [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]


def kind_text(schema: Schemas) -> str:
    """As “text, at most 500 characters”."""
    (found, *_others) = _choices(schema)
    if "enum" in found:
        return as_name(", ".join(found["enum"]))
    if found.get("format") == "uuid":
        return as_name("UUID")
    kind = str(KINDS[found["type"]])
    if "maxLength" in found:
        return gettext("%(kind)s, at most %(count)d characters") % {"kind": kind, "count": found["maxLength"]}
    if "minimum" in found and found.get("maximum", MAX_ID) != MAX_ID:
        low, high = found["minimum"], found["maximum"]
        return gettext("%(kind)s, %(low)d to %(high)d") % {"kind": kind, "low": low, "high": high}
    return kind


def shape_text(schema: Schemas, components: Schemas) -> str:
    """The members of a value and of what it contains, as “{count, results: [{id, name}]}”."""
    (first, *_others) = _choices(schema)
    found = _resolved(first, components)
    if found.get("type") == "array":
        return f"[{shape_text(found.get('items', {}), components) or '…'}]"
    if "properties" not in found:
        return "{…}" if found.get("type") == "object" else ""
    members = []
    for name, one in found["properties"].items():
        inner = shape_text(one, components)
        members.append(f"{name}: {inner}" if inner else name)
    return "{" + ", ".join(members) + "}"
