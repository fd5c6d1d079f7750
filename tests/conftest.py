"""What all tests share: `--update`, and the table of sizes at the end of a run."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from gatewright.compiler.collection import YOUNG

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--plans", type=int, default=100, help="random plans of random nests to try")
    parser.addoption("--update", action="store_true", help="write the generated parts of the documentation again")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage as rarely as the compiler does, and not among what is loaded."""
    gc.set_threshold(YOUNG)
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether generated text is to be written instead of compared."""
    return bool(request.config.getoption("--update"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of each folder, so that growth is seen in every run."""
    terminalreporter.section("lines of Python")
    folders = [*sorted((ROOT / "src" / "gatewright").iterdir()), *sorted((ROOT / "tests").iterdir())]
    for folder in [*folders, ROOT / "src", ROOT / "tests", ROOT / "benchmarks", ROOT / "examples"]:
        counts = [len(file.read_text(encoding="utf-8").splitlines()) for file in folder.rglob("*.py")]
        if counts:
            name = str(folder.relative_to(ROOT))
            terminalreporter.write_line(f"{name:28} {sum(counts):6} in {len(counts):3} files, longest {max(counts)}")
