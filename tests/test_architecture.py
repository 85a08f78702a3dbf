"""The shape of the code: directions of imports, sizes, one reader of the environment, files that agree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmemo.settings import REPOSITORY

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
PYTHON = sorted(
    path
    for folder in ("mmemo", "pipelines", "scripts", "tests", ".")
    for path in (REPOSITORY / folder).glob("*.py" if folder == "." else "**/*.py")
)
SOURCE = [path for path in PYTHON if "tests" not in path.relative_to(REPOSITORY).parts]
PROSE = sorted(
    path
    for pattern in ("*.md", "*.txt", "*.toml", "*.lock", ".ci/*", "assets/**/*.md", "mmemo/**/*.j2", "scripts/check")
    for path in REPOSITORY.glob(pattern)
)


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def found(pattern: str, paths: list[Path]) -> list[str]:
    """Every `file:line: text` in which the pattern occurs; this file, which holds the patterns, is left out."""
    wanted = re.compile(pattern)
    return [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if wanted.search(line)
    ]


def test_there_is_code_to_check():
    assert {"app.py", "mmemo/settings.py", "pipelines/_command.py", "scripts/test.py"} <= set(map(relative, SOURCE))


def test_import_contracts_hold():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_contracts_name_every_part():
    contracts = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    parts = {
        path.stem
        for path in (REPOSITORY / "mmemo").glob("[!_]*")
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {part for part in parts if f"mmemo.{part}" not in contracts} == set()


def test_modules_are_short():
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    assert {name: length for name, length in lengths.items() if length > MAX_MODULE_LINES} == {}


def test_functions_are_short():
    long = {}
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    long[f"{relative(path)}:{node.name}"] = length
    assert long == {}


def test_app_composes_and_launches_only():
    assert len((REPOSITORY / "app.py").read_text(encoding="utf-8").splitlines()) < 60


def test_nothing_is_left_for_later():
    assert found(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", PYTHON + PROSE) == []


def test_no_path_of_one_machine():
    assert (
        found(
            r"(?<![\w.])/(work|root|home|opt|Users)/\w|[A-Z]:\\\\Users|--index-url|--find-links|file://", PYTHON + PROSE
        )
        == []
    )


def test_one_place_reads_the_environment():
    """Settings reads it; scripts only pass it on to the programs that they start."""
    readers = {hit.split(":")[0] for hit in found(r"\bos\.(environ|getenv)\b|\bimport environ\b", SOURCE)}
    assert readers <= {"mmemo/settings.py", "scripts/_setup.py", "scripts/test.py"}


def test_only_the_ui_names_gradio():
    importers = {hit.split(":")[0] for hit in found(r"^\s*(import|from) gradio\b", SOURCE)}
    assert {name for name in importers if not name.startswith("mmemo/ui/")} == set()


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "misc", "common"])
def test_modules_are_named_for_what_they_hold(word: str):
    assert [relative(path) for path in SOURCE if word in path.stem.split("_")] == []


def pins(lock: str) -> dict[str, set[str]]:
    """Versions that a lock file allows, by package."""
    found_pins: dict[str, set[str]] = {}
    for line in (REPOSITORY / lock).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", line):
            found_pins.setdefault(match[1], set()).add(match[2])
    return found_pins


def test_the_two_locks_agree():
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert len(runtime) > 50
    assert {name: (versions, dev.get(name)) for name, versions in runtime.items() if dev.get(name) != versions} == {}


def test_every_requirement_is_locked():
    for requirements, lock in (
        ("requirements.txt", "requirements.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ):
        lines = (REPOSITORY / requirements).read_text(encoding="utf-8").splitlines()
        names = {re.split(r"[^\w.-]", line)[0].lower() for line in lines if line and line[0].isalpha()}
        assert names - set(pins(lock)) == set()


def test_the_locked_versions_work_together():
    locked = pins("requirements.lock")
    assert locked["gradio"] == {"6.31.0"}
    assert locked["facenet-pytorch"] == {"2.5.3"}
    assert all(tuple(map(int, version.split(".")[:2])) >= (2, 14) for version in locked["torch"])


def test_the_space_runs_the_gradio_that_is_locked():
    front_matter = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("---")[1]
    values = dict(line.split(": ", 1) for line in front_matter.strip().splitlines())
    assert values["sdk"] == "gradio"
    assert {values["sdk_version"].strip('"')} == pins("requirements.lock")["gradio"]
    assert (REPOSITORY / values["app_file"]).is_file()


def test_one_version():
    import mmemo

    assert f'version = "{mmemo.__version__}"' in (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f"## [{mmemo.__version__}]" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
