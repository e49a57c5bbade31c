"""What every test shares: a home of its own, and the real clips where they lie beside the checkout."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Before Qt, BLAS or Gaplisten are imported anywhere. Tests of real windows start an X server themselves.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# Containers often tell Python to keep no bytecode: each program that a test starts would be compiled anew.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False

ROOM_BYTES = 4 << 30


def memory_folder() -> str | None:
    """Return a folder that lies in memory, or None where there is none with room from which programs may run.

    Tests write tens of thousands of files as the program does, each until it is on the disk: how long that
    takes says nothing about the program.
    """
    folder = "/dev/shm"
    try:
        system = os.statvfs(folder)
        facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(facts["MemAvailable"].split()[0]) << 10
    except (AttributeError, KeyError, OSError, ValueError):
        return None
    room = min(system.f_bavail * system.f_frsize, available // 2)
    usable = os.access(folder, os.W_OK) and not system.f_flag & os.ST_NOEXEC
    return folder if usable and room >= ROOM_BYTES else None


# One folder for a run: whoever starts it makes and removes it, the processes that run tests find it there.
if "GAPLISTEN_TESTS" not in os.environ:
    memory = memory_folder()
    os.environ["GAPLISTEN_TESTS"] = tempfile.mkdtemp(prefix="gaplisten-tests-", dir=memory)
    atexit.register(shutil.rmtree, os.environ["GAPLISTEN_TESTS"], ignore_errors=True)
    if memory is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)  # where pytest makes each test's folder
RUN = Path(os.environ["GAPLISTEN_TESTS"])
os.environ["GAPLISTEN_HOME"] = tempfile.mkdtemp(dir=RUN)
os.environ["GAPLISTEN_LANGUAGE"] = "en"  # whatever the desktop speaks

# How long an example takes says how busy the machine is, not whether the program is right.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@contextmanager
def machine(alone: bool) -> Iterator[None]:
    """Share the machine with the tests that run beside this one, or keep them waiting meanwhile."""
    if "PYTEST_XDIST_WORKER" not in os.environ or os.name == "nt":
        yield
        return
    import fcntl

    with (RUN / "door").open("w") as door, (RUN / "room").open("w") as room:
        # Who wants to be alone keeps the door, so that nobody enters while the others finish.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Keep the other processes of this run waiting meanwhile."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with (RUN / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the search for cycles: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run the tests marked `alone` with no other test beside them."""
    with machine(item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test an empty home for settings, plugins, cache and state."""
    folder = tmp_path / "gaplisten-home"
    monkeypatch.setenv("GAPLISTEN_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def scanned() -> Path:
    """Return the memory of a scan of all plugins, made once for all tests that run side by side."""
    from gaplisten.concealers.catalogue import Catalogue

    memory = RUN / "known" / "cache" / "concealers.json"
    with only_one("known"), pytest.MonkeyPatch.context() as patch:
        if not memory.exists():
            patch.setenv("GAPLISTEN_HOME", str(RUN / "known"))
            Catalogue.scan()
    return memory


@pytest.fixture
def plugins_known(scanned: Path, home: Path) -> None:
    """Put that memory into the test's home, so that not every test describes all plugins anew."""
    (home / "cache").mkdir(parents=True)
    shutil.copy(scanned, home / "cache")


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Return the folder of real clips, or skip."""
    from kit import real_clips

    if real_clips.missing():
        pytest.skip(real_clips.missing())
    return real_clips.FOLDER


@pytest.fixture(scope="session")
def python() -> str:
    """Return the interpreter that runs the tests."""
    return sys.executable


PATIENCE_MS = 120_000


@pytest.fixture
def qtbot(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let every wait be long before it gives up: a busy machine is no failure."""

    def patient(wait: Callable[..., Any]) -> Callable[..., Any]:
        def waiting(*what: Any, timeout: int = 0, **how: Any) -> Any:
            if how.get("raising") is False:  # that nothing comes is what is waited for
                return wait(*what, timeout=timeout, **how)
            return wait(*what, timeout=max(timeout, PATIENCE_MS), **how)

        return waiting

    for name in ("waitUntil", "waitSignal", "waitSignals", "waitActive", "waitExposed"):
        monkeypatch.setattr(qtbot, name, patient(getattr(qtbot, name)))
    return qtbot
