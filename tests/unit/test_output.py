"""A folder of results is there as a whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewright.errors import OutputError
from gatewright.reporting.folder import atomic_folder


def in_child(action: Callable[[], None]) -> int:
    """Run `action` in a forked process, which may give up rights; 0 if it did not raise."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_new_folder_appears_whole(tmp_path: Path):
    target = tmp_path / "a" / "build"
    with atomic_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "x.sv").write_text("x")
        assert not target.exists()
    assert (target / "sub" / "x.sv").read_text() == "x"
    assert os.listdir(tmp_path / "a") == ["build"]


def test_a_new_folder_has_the_usual_permissions(tmp_path: Path):
    (tmp_path / "usual").mkdir()
    with atomic_folder(tmp_path / "build"):
        pass
    assert (tmp_path / "build").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_files_of_a_folder_are_replaced_and_others_stay(tmp_path: Path):
    (tmp_path / "build" / "sub").mkdir(parents=True)
    (tmp_path / "build" / "sub" / "x.sv").write_text("old")
    (tmp_path / "build" / "notes.txt").write_text("mine")
    with atomic_folder(tmp_path / "build") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "x.sv").write_text("new")
    assert (tmp_path / "build" / "sub" / "x.sv").read_text() == "new"
    assert (tmp_path / "build" / "notes.txt").read_text() == "mine"
    assert os.listdir(tmp_path) == ["build"]


def test_an_error_leaves_everything_as_it_was(tmp_path: Path):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "x.sv").write_text("old")
    with pytest.raises(RuntimeError):
        with atomic_folder(tmp_path / "build") as folder:
            (folder / "x.sv").write_text("new")
            raise RuntimeError
    assert (tmp_path / "build" / "x.sv").read_text() == "old"
    assert os.listdir(tmp_path) == ["build"]


def test_an_interruption_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        with atomic_folder(tmp_path / "build") as folder:
            (folder / "x.sv").write_text("half")
            raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_an_error_that_says_so(tmp_path: Path):
    with pytest.raises(OutputError) as caught:
        with atomic_folder(tmp_path / "build"), open("/dev/full", "w") as full:
            full.write("x" * 100_000)
    assert str(caught.value) == (
        f"cannot write {tmp_path / 'build'}\n"
        "  no space left on device\n"
        "  help: free some space, or choose a folder on another disk"
    )
    assert os.listdir(tmp_path) == []


def test_a_file_that_may_not_grow_leaves_nothing(tmp_path: Path):
    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OutputError, match="cannot write"):
            with atomic_folder(tmp_path / "build") as folder:
                (folder / "small.sv").write_text("x")
                (folder / "x.sv").write_text("x" * 100_000)

    assert in_child(write) == 0
    assert os.listdir(tmp_path) == []


def test_a_folder_that_one_may_not_write_is_an_error_that_says_so():
    with tempfile.TemporaryDirectory() as outer:  # not tmp_path, into which nobody but its owner can look
        place = Path(outer) / "theirs"
        place.mkdir()
        place.chmod(0o555)
        os.chmod(outer, 0o755)

        def write() -> None:
            if os.geteuid() == 0:
                os.seteuid(65534)
            with pytest.raises(OutputError) as caught, atomic_folder(place / "build"):
                pass
            assert str(caught.value) == (
                f"cannot write {place / 'build'}\n  permission denied\n  help: choose a folder that you may write to"
            )

        assert in_child(write) == 0
        assert os.listdir(place) == []


def test_a_file_in_the_way_is_an_error_that_says_so(tmp_path: Path):
    (tmp_path / "build").write_text("mine")
    with pytest.raises(OutputError) as caught, atomic_folder(tmp_path / "build"):
        pass
    assert str(caught.value) == (
        f"cannot write {tmp_path / 'build'}\n"
        f"  {tmp_path / 'build'} is a file\n"
        "  help: choose another folder, or remove the file"
    )
    assert (tmp_path / "build").read_text() == "mine"
