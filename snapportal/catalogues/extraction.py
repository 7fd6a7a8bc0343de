"""Finds every text of the sources: of Python modules, of templates, and of the parts of Django that write on our pages."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.utils.translation.template import templatize

PACKAGES: Final = ("snapportal", "snapshots")
_CONTEXT_FIRST: Final = {"pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
KEYWORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("_", "lazy", "gettext", "gettext_lazy", "gettext_noop", "noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    "Statement": (2,),
    "Counted": (2, 3),
    **_CONTEXT_FIRST,
    **{f"{name}_lazy": places for name, places in _CONTEXT_FIRST.items()},
}
"""Function → places of its texts, as babel wants it; None for the first one. Statements of the log: snapshots/audit/wording."""
STATEMENTS: Final = ("/statements.py", "/wording/shared.py")
_PLACE: Final = re.compile(r"%\(\w+\)s")
_TRANSLATED: Final = re.compile("[a-zA-Z“]")
"""Words, and quotes, which differ between languages. Some statements of the log are values alone."""
COMMENT: Final = "Translators:"
"""Comments that begin with it are for translators."""
DJANGO_MODULES: Final = (
    "contrib/auth/forms.py",
    "contrib/auth/password_validation.py",
    "core/validators.py",
    "forms/fields.py",
    "forms/models.py",
)
"""Django has no catalogue for Yiddish; so what its forms say is in ours."""


def extract_all(root: Path) -> Catalog:
    """A catalogue without translations. Locations have no line."""
    catalog = Catalog(domain="django", charset="utf-8")
    for name, source in sources(root):
        for _line, texts, comments, context in extract(
            "python", io.BytesIO(source), keywords=KEYWORDS, comment_tags=[COMMENT], strip_comment_tags=True
        ):
            if name.endswith(STATEMENTS) and not _TRANSLATED.search(_PLACE.sub("", str(texts))):
                continue
            catalog.add(texts, locations=[(name, 0)], auto_comments=comments, context=context)
    for name, text in api_texts(root):
        catalog.add(text, locations=[(name, 0)])
    return catalog


def api_texts(root: Path) -> Iterator[tuple[str, str]]:
    """The reference page shows the summaries and docstrings of the API's calls."""
    for path in sorted((root / "snapshots" / "api" / "endpoints").glob("*.py")):
        functions = [one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.FunctionDef)]
        for function in functions:
            for call in function.decorator_list:
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".method"):
                    summary = next(one.value for one in call.keywords if one.arg == "summary")
                    texts = [ast.literal_eval(summary), ast.get_docstring(function) or ""]
                    yield from (
                        (path.relative_to(root).as_posix(), " ".join(one.split())) for one in texts if one
                    )


def sources(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name and Python text of each source that may have texts."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            source = path.read_bytes()
            if "migrations" not in path.parts and (b"gettext" in source or b"Statement" in source):
                yield path.relative_to(root).as_posix(), source
    for path in sorted((root / "templates").rglob("*.html")):
        name = path.relative_to(root).as_posix()
        yield name, _as_python(path.read_text(), name)
    for name in DJANGO_MODULES:
        yield f"django/{name}", (Path(django.__file__).parent / name).read_bytes()


def _as_python(template: str, name: str) -> bytes:
    """Django writes a template's texts as calls, in the template's lines, whose indentation Python would not accept."""
    lines = templatize(template, name).split("\n")
    return "\n".join(line.strip() for line in lines).encode()
