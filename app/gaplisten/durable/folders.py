"""Folders that appear when they are whole, and not before."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gaplisten.durable.files import not_written, sync_folder
from gaplisten.durable.locks import FileLock, Locked
from gaplisten.errors import GaplistenError

_JUST_MADE = 60.0  # seconds


def check_new_folder(out: Path, refused: type[GaplistenError]) -> None:
    """Refuse a folder that holds something already, or is none: before the work and not after it.

    Parameters
    ----------
    refused
        What is raised then.

    Raises
    ------
    GaplistenError
        Of the kind that was named.
    """
    try:
        taken = os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise refused(*not_written(out, error)) from error
    if taken:
        raise refused(str(out), "is there already", "name a folder that is new or empty")


@contextmanager
def whole_folder(out: Path, refused: type[GaplistenError]) -> Iterator[Path]:
    """Give a folder to fill that becomes `out` when the block ends well, and is gone else.

    Of two that fill the same place at once, each has a folder of its own: the first that is whole gets the
    place, the other is refused. What a killed process left behind is removed by the next one.

    Parameters
    ----------
    refused
        What is raised if `out` holds something already, or the disk refuses.

    Raises
    ------
    GaplistenError
        Of the kind that was named.
    """
    check_new_folder(out, refused)
    out = out.absolute()
    try:
        with _folder_of_our_own(out) as part:
            yield part
            if out.is_dir():
                out.rmdir()  # only an empty one goes
            part.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            check_new_folder(out, refused)  # somebody was quicker
        raise refused(*not_written(out, error)) from error


@contextmanager
def _folder_of_our_own(out: Path) -> Iterator[Path]:
    name = f".{out.name[:40]}."
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f"{glob.escape(name)}*.part"):
        if re.fullmatch(r"[0-9a-f]{12}\.part", left.name.removeprefix(name)) and _is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    part = out.with_name(f"{name}{secrets.token_hex(6)}.part")
    part.mkdir()
    try:
        with _held(part):
            yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def filled_alone(folder: Path, refused: type[GaplistenError]) -> Iterator[None]:
    """Keep others of us from filling a folder meanwhile: what two write into it would be of neither.

    Parameters
    ----------
    folder
        Made when it is missing, and gone in the end when nothing came into it.
    refused
        What is raised if another run fills it, or the disk refuses.

    Raises
    ------
    GaplistenError
        Of the kind that was named.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise refused(str(folder), "is in the way of a folder", "choose another place") from error
    except OSError as error:
        raise refused(*not_written(folder, error)) from error
    with _alone(folder, refused):
        try:
            yield
        finally:
            for each in new:
                with contextlib.suppress(OSError):  # it holds something
                    each.rmdir()


def _busy(folder: Path) -> tuple[str, str, str]:
    return str(folder), "is being filled by another run", "wait for it, or name another folder"


# A folder that is being filled is locked as such: nothing that does not belong there has to lie in it. Where
# folders have no locks (Windows, some networks) leftovers stay.


if sys.platform == "win32":

    @contextmanager
    def _held(_folder: Path) -> Iterator[None]:
        yield

    def _is_abandoned(_folder: Path) -> bool:
        return False

    @contextmanager
    def _alone(folder: Path, refused: type[GaplistenError]) -> Iterator[None]:
        try:
            lock = FileLock(folder / ".filling.lock", "the run", take_over=True)
        except Locked as busy:
            raise refused(*_busy(folder)) from busy
        except OSError as error:
            raise refused(*not_written(folder, error)) from error
        try:
            yield
        finally:
            lock.release()

else:
    import fcntl

    @contextmanager
    def _held(folder: Path) -> Iterator[None]:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def _is_abandoned(folder: Path) -> bool:
        """Tell whether nobody fills a folder any more; one made a moment ago may not be locked yet."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            if abs(time.time() - os.fstat(descriptor).st_mtime) < _JUST_MADE:
                return False
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    @contextmanager
    def _alone(folder: Path, refused: type[GaplistenError]) -> Iterator[None]:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        except OSError as error:
            raise refused(*not_written(folder, error)) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had it before may have removed it again.
                if not os.path.samestat(os.fstat(descriptor), os.stat(folder)):
                    raise BlockingIOError
            except (BlockingIOError, FileNotFoundError) as busy:
                raise refused(*_busy(folder)) from busy
            except OSError:
                pass  # some networks have no locks
            yield
        finally:
            os.close(descriptor)
