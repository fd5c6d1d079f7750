"""Write a folder of results, or a file, so that nothing half-written is ever found under its name."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gatewright.errors import OutputError

MANIFEST = ".gatewright-files"
"""The file that lists what was written to a folder, so that the next design in it leaves nothing of this one."""

_REMEDIES = {
    errno.ENOSPC: "free some space, or choose a folder on another disk",
    errno.EDQUOT: "free some space, or choose a folder on another disk",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOTDIR: "choose another folder, or remove the file",
}


@contextmanager
def atomic_folder(path: str | Path) -> Generator[Path, None, None]:
    """Give a fresh folder to write in, whose files appear in `path` once the block has ended without an error.

    A `path` that does not exist (or is empty) appears as a whole; into one that has files already, each new file is
    moved in one step. What an earlier call wrote there and this one does not is removed, other files stay. When the
    block raises, everything written is removed and `path` is as it was; an OSError becomes an OutputError.
    """
    target = Path(path)
    try:
        for folder in (target, *target.parents):
            if folder.exists() and not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, f"{folder} is a file")
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        partial = target.absolute().parent / f".{target.absolute().name}.{secrets.token_hex(4)}.partial"
        partial.mkdir()
    except OSError as error:
        raise _output_error(target, error) from error
    try:
        yield partial
        written = sorted(str(file.relative_to(partial)) for file in partial.rglob("*") if file.is_file())
        (partial / MANIFEST).write_text("".join(f"{name}\n" for name in written), encoding="utf-8")
        _move(partial, target, written)
    except OSError as error:
        raise _output_error(target, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_file(path: str | Path, data: bytes) -> None:
    """Write a file so that it is found whole or not at all. Raises OutputError if it cannot be written."""
    target = Path(path).absolute()
    partial = target.parent / f".{target.name}.{secrets.token_hex(4)}.partial"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, target)
    except OSError as error:
        raise _output_error(Path(path), error) from error
    finally:
        partial.unlink(missing_ok=True)


def _move(partial: Path, target: Path, written: Sequence[str]) -> None:
    if not target.exists() or not any(target.iterdir()):
        os.replace(partial, target)
        return
    stale = [name for name in _manifest(target) if name not in written]
    for folder, _, files in os.walk(partial):
        destination = target / Path(folder).relative_to(partial)
        destination.mkdir(exist_ok=True)
        for file in sorted(files):
            os.replace(Path(folder) / file, destination / file)
    for name in stale:
        (target / name).unlink(missing_ok=True)


def _manifest(target: Path) -> list[str]:
    """The files that an earlier call wrote to a folder: names below it, whatever the file says."""
    try:
        names = (target / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return []
    return [name for name in names if name and (target / name).resolve().is_relative_to(target.resolve())]


def _output_error(target: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {target}", why=reason_of(error), remedy=_REMEDIES.get(error.errno or 0))


def reason_of(error: OSError) -> str:
    """What the operating system says, as a message of ours has it."""
    if error.errno == errno.ENOENT:
        return "there is no such file"
    reason = error.strerror or str(error)
    return reason[0].lower() + reason[1:]
