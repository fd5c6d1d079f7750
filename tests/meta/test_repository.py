"""The files of the repository mean the same on every machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gatewright

ROOT = Path(__file__).parents[2]
TEXT = {".py", ".md", ".toml", ".mlir", ".yaml", ".yml", ".sv", ".txt", ".json", ".csv", ""}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|root|Users|work|opt|tmp|var|mnt)/\w")
REGISTRY = re.compile(r"(?:pypi|pythonhosted|npmjs|download\.pytorch)\.(?:org|com)|index-url|find-links")
OUTSIDE = re.compile(r"\.\./shared")


def tracked_files() -> list[Path]:
    """The files under version control, or of an unpacked archive all that version control would keep."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """The name and contents of each text under version control, but the licences of others and data."""
    files = [file for file in tracked_files() if file.suffix in TEXT and not file.name.startswith("LICENSE")]
    return [(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY, OUTSIDE], ids=["paths", "registries", "outside"])
def test_no_file_names_a_place_outside_the_repository(pattern: re.Pattern[str]):
    this = str(Path(__file__).relative_to(ROOT))
    hits = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        if name != this
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, 'open("/home/ada/x")'),
        (MACHINE_PATH, "cp /tmp/x y"),
        (REGISTRY, "pip install --index-url x"),
        (OUTSIDE, "see ../shared/notes.md"),
    ],
)
def test_a_place_outside_is_recognised(pattern: re.Pattern[str], line: str):
    assert pattern.search(line)


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert gatewright.__version__ == project["project"]["version"]
    assert f"## {gatewright.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_requirement_is_pinned_exactly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    required = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in project["project"]["optional-dependencies"].values():
        required += extra
    assert [text for text in required if not re.fullmatch(r"[\w-]+==[\w.]+", text)] == []


def test_the_hooks_run_the_linter_of_the_project():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pinned = re.search(r"ruff==[\w.]+", pyproject)
    hooks = re.findall(r"ruff==[\w.]+", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert pinned and set(hooks) == {pinned[0]}


def test_the_linter_finds_nothing():
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "All checks passed!"


def test_the_source_is_laid_out_by_the_formatter():
    command = [sys.executable, "-m", "ruff", "format", "--check", "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert [line for line in run.stdout.splitlines() if line.startswith("Would reformat")] == []


def test_every_make_target_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


def test_few_complaints_about_types_are_ignored():
    """Types are checked strictly (`make types`)."""
    ignored = [
        f"{file.name}:{number}"
        for file in (ROOT / "src").rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"#.*(pyright|type): ignore", line)
    ]
    assert len(ignored) <= 20, ignored
