"""Every package that the code imports is declared in pyproject.toml, not merely installed because another one needs it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OWN = {"snapportal", "snapshots", "tests"}


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0]) for one in requirements}


RUNTIME = names_in(PROJECT["project"]["dependencies"])
DEVELOPMENT = RUNTIME | names_in(PROJECT["dependency-groups"]["dev"])


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def modules_in(node: ast.AST, *, types_too: bool) -> Iterator[str]:
    """The top-level names of everything imported below `node`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield (child.module or "").partition(".")[0]
        elif types_too or not is_for_type_checkers(child):
            yield from modules_in(child, types_too=types_too)


def modules_of(folders: list[str], *, types_too: bool) -> set[str]:
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert files
    imported = {
        name for path in files for name in modules_in(ast.parse(path.read_text()), types_too=types_too)
    }
    return imported - OWN - set(sys.stdlib_module_names)


def undeclared(modules: set[str], declared: set[str]) -> dict[str, list[str]]:
    """Imported module → the distributions that provide it, where none of them is declared."""
    providers = packages_distributions()
    found = {module: [canonical(one) for one in providers.get(module, [])] for module in modules}
    return {module: names for module, names in found.items() if not declared & set(names)}


def test_what_the_portal_imports_is_declared():
    modules = modules_of(["snapportal", "snapshots"], types_too=False)
    assert {"django", "httpx", "httpcore"} <= modules
    assert undeclared(modules, RUNTIME) == {}


def test_what_only_tests_and_type_checkers_import_is_declared_too():
    modules = modules_of(["snapportal", "snapshots", "tests"], types_too=True)
    assert {"pytest", "django_stubs_ext", "mutmut"} <= modules
    modules.remove("mutmut")  # of the group "mutation", which is not installed with the rest
    assert undeclared(modules, DEVELOPMENT) == {}


@pytest.mark.parametrize("setting", ["INSTALLED_APPS", "MIDDLEWARE"])
def test_what_the_settings_load_by_name_is_declared(setting):
    modules = {name.partition(".")[0] for name in getattr(settings, setting)} - OWN
    assert undeclared(modules, RUNTIME) == {}
