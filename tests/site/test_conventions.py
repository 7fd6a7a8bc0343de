"""Rules of the code base: imports, writers, documentation, translation."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for room in ("snapportal", "snapshots")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TEST_MODULES = sorted((ROOT / "tests").rglob("*.py"))
STATIC = sorted(path for path in (ROOT / "static").iterdir() if path.suffix in {".css", ".js"})
ROOT_ENTRIES = {path.name for path in (ROOT / "snapshots").iterdir() if path.name != "__pycache__"}
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def calls_in(path: Path) -> list[str]:
    """The dotted name of every call in a module."""
    tree = ast.parse(path.read_text())
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_imports_follow_the_import_contracts():
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_only_the_operations_service_sends_writes_to_the_provider():
    writes = re.compile(r"client\w*(\(.*\))?\.(create_snapshot|restore_snapshot|delete_snapshot)$")
    writers = {name_of(path) for path in SOURCES if any(writes.search(call) for call in calls_in(path))}
    assert writers == {"snapshots/operations/service.py"}


def test_only_reconciliation_calls_the_reader_so_that_no_evidence_is_missed():
    reads = re.compile(r"^reader\.read$")
    imports = re.compile(r"from snapshots\.inventory\.reader import .*\bread\b")
    readers = {
        name_of(path)
        for path in SOURCES
        if any(reads.search(call) for call in calls_in(path)) or imports.search(path.read_text())
    }
    assert readers == {"snapshots/operations/reconciliation.py"}


def test_only_the_journal_inserts_audit_rows():
    inserts = re.compile(r"^Entry(\(|\.objects\..*(create|bulk_create|get_or_create|update_or_create)|$)")
    writers = {
        name_of(path)
        for path in SOURCES
        if any(inserts.search(call) for call in calls_in(path)) or "INTO audit_entry" in path.read_text()
    }
    assert writers <= {"snapshots/audit/journal.py"}
    assert writers, "the pattern matches no module: correct it"


def test_only_upstream_and_the_sandbox_transport_import_httpx():
    importers = {
        name_of(path)
        for path in SOURCES
        if re.search(r"^\s*(import|from) httpx", path.read_text(), re.MULTILINE)
    }
    assert importers <= {
        "snapshots/upstream/call.py",
        "snapshots/upstream/transport.py",
        "snapshots/sandbox/transport.py",
    }


def test_a_file_has_at_most_300_lines():
    files = [*SOURCES, *TEST_MODULES, *TEMPLATES, *STATIC]
    assert [name_of(path) for path in files if len(path.read_text().splitlines()) > 300] == []


def test_nine_of_ten_functions_have_fewer_than_20_lines():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert sum(length < 20 for length in lengths) / len(lengths) >= 0.9


def test_the_snapshots_package_has_at_most_22_entries():
    assert len(ROOT_ENTRIES) <= 22, sorted(ROOT_ENTRIES)


def test_the_architecture_page_names_every_package_and_only_existing_modules():
    page = (ROOT / "docs" / "architecture.md").read_text()
    listed = {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)`", page, re.MULTILINE)}
    assert listed == ROOT_ENTRIES - {"__init__.py"}
    for module, name in re.findall(r"`((?:\w+/)*\w+\.py)` `(\w+)`", page):
        source = (ROOT / "snapshots" / module).read_text()
        assert re.search(rf"^(def|class) {name}\b", source, re.MULTILINE), f"{module} has no {name}"
    for module in re.findall(r"`((?:\w+/)+\w+\.py)`", page):
        assert (ROOT / "snapshots" / module).exists() or (ROOT / module).exists(), module
    assert len(page.splitlines()) <= 50, "one screen"


def test_no_error_is_swallowed():
    everything = {None, "Exception", "BaseException"}
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (ast.unparse(node.type) if node.type else None) in everything
    ]
    assert found == []


INLINE = re.compile(
    r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\bsrc=)|javascript:|\|safe\b"
)


def test_no_template_has_inline_style_or_script():
    assert [name_of(path) for path in TEMPLATES if INLINE.search(path.read_text())] == []


UNTRANSLATABLE = re.compile(
    r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}"
    r"|<code\b.*?</code>|<pre\b.*?</pre>|<svg\b.*?</svg>|<!--.*?-->|<[^>]*>|&[a-z#0-9]+;",
    re.DOTALL,
)


def test_every_text_in_a_template_is_translatable():
    found = {
        name_of(path): re.findall(r"[A-Za-z]{2,}", re.sub("SnapPortal|UTC", "", rest))
        for path in TEMPLATES
        for rest in [UNTRANSLATABLE.sub(" ", path.read_text())]
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_every_tag_of_a_template_ends_on_its_line():
    """Django shows a tag that continues on the next line as text."""
    whole = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
    found = [
        f"{name_of(path)}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\{[%{#]|[%#]\}", whole.sub("", line))
    ]
    assert found == []


def test_every_setting_is_documented_in_the_readme():
    source = (ROOT / "snapportal" / "settings.py").read_text()
    names = set(re.findall(r"environment\.\w+\(\s*(?:env\.\w+,\s*)?\"([A-Z_]+)\"", source))
    readme = (ROOT / "README.md").read_text()
    assert len(names) > 12
    assert {name for name in names if f"`SNAPPORTAL_{name}`" not in readme} == set()


def test_every_command_is_documented():
    ours = {name for name, app in get_commands().items() if str(app).startswith(("snapportal", "snapshots"))}
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    assert len(ours) > 5
    assert {name for name in ours if f"manage.py {name}" not in text} == set()


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_css_uses_logical_properties_only():
    physical = re.compile(
        r"(margin|padding|border)-(left|right|top|bottom)\b|(?<![-\w])(left|right)\s*:|text-align\s*:\s*(left|right)"
    )
    for path in (ROOT / "static").glob("*.css"):
        found = physical.findall(path.read_text())
        assert not found, f"{path.name}: {found}"


def test_every_link_to_a_file_names_an_existing_file():
    found = [
        f"{name_of(path)}: {link}"
        for path in [*DOCUMENTS, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
        if not (path.parent / link).exists()
    ]
    assert found == []


def test_every_test_that_is_named_as_proof_exists():
    text = (ROOT / "docs" / "trust.md").read_text()
    named = re.findall(r"`(\w+/test_\w+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for file, function in named:
        source = (ROOT / "tests" / file).read_text()
        assert not function or f"def {function}(" in source, f"{file}::{function}"


def _evidence_in(path: Path) -> list[ast.expr]:
    """What modules give as evidence: arguments, variables and keys of that name."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            found += [one.value for one in node.keywords if one.arg == "evidence"]
            if ast.unparse(node.func).endswith((".added_to", "joined")):
                found += node.args[:1]
        elif isinstance(node, ast.Assign) and any("evidence" in ast.unparse(one) for one in node.targets):
            found.append(node.value)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found += [
                value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "evidence"
            ]
    return found


def _is_text(node: ast.expr) -> bool:
    """Whether it is, or has, a text that is no statement: what a call gets is its own affair, but for `joined`."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith("joined") and any(map(_is_text, node.args[:1]))
    if isinstance(node, ast.JoinedStr | ast.Constant):
        return not (isinstance(node, ast.Constant) and node.value in {"", None})
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    if isinstance(node, ast.BinOp):
        return True
    return isinstance(node, ast.List | ast.Tuple) and any(map(_is_text, node.elts))


def test_the_log_is_given_statements_and_no_texts():
    """A text that no statement says is shown in English to everybody: see snapshots/audit/wording."""
    texts = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in SOURCES
        if not path.name.startswith("log_health") and "views" not in path.parts
        for node in _evidence_in(path)
        if _is_text(node)
    ]
    assert texts == []


def test_statements_are_made_in_modules_of_statements():
    makers = {
        name_of(path)
        for path in SOURCES
        if {"Statement", "Counted"} & set(calls_in(path)) and "wording" not in path.parts
    }
    assert makers
    assert {Path(one).name for one in makers} == {"statements.py"}
