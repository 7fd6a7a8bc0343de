"""Mutation testing: `python -m tests.mutation [audit] [vault] [operations]` (docs/trust.md, "Mutation testing").

Each group of modules is mutated in a copy of the project under mutants/, with the tests that reach it fast. Results stay
there: a further run tests only what has changed. mutmut is not installed with the rest.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SLOW = (
    "audit/test_concurrent_writers", "audit/test_export", "operations/test_idempotency", "operations/test_intent_first",
    "operations/test_interrupted_requests", "operations/test_kill", "operations/test_lost_answers",
    "operations/test_operations_machine", "operations/test_rights_in_flight", "operations/test_two_people",
)  # fmt: skip
GROUPS = {
    "chain": (["audit/chain"], ["audit/test_chain_rules", "audit/test_keys"]),
    "journal": (
        ["audit/journal", "audit/entry_data", "sql"],
        ["audit/test_journal_rows", "audit/test_journal", "audit/test_newest_row", "audit/test_faults", "site/test_sql",
         "site/test_sqlite_audit_rows", "audit/test_row_subjects", "accounts/test_erasure", "audit/test_tiles"],
    ),
    "verification": (
        ["audit/verification", "audit/subject_verification", "audit/erasure_rows"],
        ["audit/test_verification_texts", "audit/test_subject_verification", "audit/test_lost_anchors",
         "audit/test_wrong_key", "site/test_sqlite_audit_rows"],
    ),
    "vault": (
        ["vault/*", "contract"],
        ["vault", "upstream/test_contract_values", "views/test_tokens", "views/test_token_races"],
    ),
    "evidence": (
        ["operations/evidence", "operations/reconciliation", "operations/transitions", "operations/models"],
        [
            f"operations/test_{name}"
            for name in (
                "evidence_sentences", "operation_rows", "audit_rows", "created_snapshots", "deletes", "ambiguous_evidence",
                "reconciliation",
                "competing_restores",
            )
        ]
        + ["inventory/test_many_tokens"],
    ),
    "requests": (
        [
            f"operations/{name}"
            for name in (
                "service", "drafts", "preconditions", "dispatch", "confirmation", "idempotency", "errors", "rights",
                "attention", "server_views",
            )
        ],
        [
            f"operations/test_{name}"
            for name in (
                "operations", "audit_rows", "outcomes", "forms_and_preconditions", "attention", "server_views",
                "competing_restores", "not_newest", "resume", "expectations",
            )
        ]
        + ["deletions/test_protection"],
    ),
}  # fmt: skip
"""The modules to mutate, and the fast tests of these modules: a mutant takes about a second."""
KILLED = {1, 3, 24, -24, 36, 152, 255, -9, -11}
"""Exit codes of a mutant's tests: failed, or out of time."""
NOT_TESTED = {None, -15}
"""No turn yet, or ended from outside."""


def copy_project(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, folder / name
        if not source.is_file():
            continue
        if not target.is_file() or target.stat().st_mtime != source.stat().st_mtime:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def forget_survivors(folder: Path) -> None:
    """Survivors are tested again in every run: there may be new tests, so which test reaches what is found out anew, too."""
    (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for path in (folder / "mutants" / "snapshots").rglob("*.meta"):
        meta = json.loads(path.read_text())
        codes = meta["exit_code_by_key"]
        meta["exit_code_by_key"] = {key: code if code in KILLED else None for key, code in codes.items()}
        path.write_text(json.dumps(meta))


def run_group(name: str, only: list[str]) -> None:
    """Run mutmut in this process, whose folder must be the copy."""
    from mutmut.__main__ import cli
    from mutmut.configuration import config

    from tests.support.mutation_database import use_copies

    use_copies()
    settings = config()
    modules, tests = GROUPS[name]
    settings.only_mutate = [f"snapshots/{module}.py" for module in modules]
    paths = [f"tests/{test}" for test in tests]
    settings.pytest_add_cli_args_test_selection = [
        path if Path(path).is_dir() else f"{path}.py" for path in paths
    ]
    settings.pytest_add_cli_args += [f"--ignore=tests/{path}.py" for path in SLOW]
    settings.use_git_change_detection = False
    cli(["run", *only], standalone_mode=False)


def report(folder: Path) -> None:
    total: Counter[str] = Counter()
    for meta in sorted((folder / "mutants" / "snapshots").rglob("*.meta")):
        codes = json.loads(meta.read_text())["exit_code_by_key"]
        tested = {key: code for key, code in codes.items() if code not in NOT_TESTED}
        if not tested:
            continue
        alive = [key for key, code in tested.items() if code not in KILLED]
        total += Counter(tested=len(tested), killed=len(tested) - len(alive))
        print(f"{meta.stem}: {len(tested) - len(alive)} of {len(tested)} killed")
        print("".join(f"  {key}\n" for key in alive), end="")
    if total["tested"]:
        print(
            f"{folder.name}: {total['killed']} of {total['tested']}, {total['killed'] / total['tested']:.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutation testing; the results stay in mutants/.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument(
        "--only", action="append", default=[], help="only mutants whose name matches, for example '*chain*'"
    )
    parser.add_argument("--report", action="store_true", help="only print the results so far")
    arguments = parser.parse_args()
    for name in arguments.groups or GROUPS:
        folder = ROOT / "mutants" / name
        if not arguments.report:
            copy_project(folder)
            forget_survivors(folder)
            only = repr(arguments.only)
            code = f"from tests import mutation; mutation.run_group({name!r}, {only})"
            with (folder / "run.log").open("w") as log:
                environment = os.environ | {"PYTHONPATH": str(folder)}
                subprocess.run(
                    [sys.executable, "-c", code],
                    cwd=folder,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    check=False,
                )
        report(folder)


if __name__ == "__main__":
    main()
