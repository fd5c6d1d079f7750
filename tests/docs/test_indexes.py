"""Lists in the documentation that have to be complete."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(file.name for file in folder.glob("*.md") if file.name != "README.md")
    assert [page for page in pages if f"]({page})" not in index] == []


def test_every_test_folder_is_explained():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = [folder.name for folder in (ROOT / "tests").iterdir() if folder.is_dir() and any(folder.rglob("*.py"))]
    assert [folder for folder in sorted(folders) if f"`tests/{folder}`" not in guide] == []
