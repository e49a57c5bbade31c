"""How an audit keeps a plugin from its speech and from all that it is not handed: tried, then kept to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.concealers import opened
from gaplisten.concealers.audit_findings import is_sound
from gaplisten.concealers.code_files import code_below
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.findings import Finding, Verdict
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.concealers.sealing import Seal, version
from gaplisten.folders import resources

_MOST_CODE = 4000
NAME = "kept apart"
_APART = "the audit's speech, from writing outside its temporary folder, and from the network"
_FILES = "the audit's speech and from writing outside its temporary folder"
_ONLINE = "but not from the network and from shared memory: this system gives it no namespaces of its own"


@dataclass(frozen=True)
class Tried:
    """A first short run.

    Parameters
    ----------
    made
        What came of it.
    channels
        In how many, 2 or 1.
    why
        What became of it in two, if it was 1.
    """

    made: Concealed
    channels: int = 2
    why: str = ""


Try = Callable[[Runner], Tried]


@dataclass(frozen=True)
class Sealed:
    """A runner whose processes are kept from what a plugin is not handed, as far as it still conceals so.

    Parameters
    ----------
    runner
        It has run the plugin once.
    seal
        Of its processes.
    """

    runner: Runner
    seal: Seal | None
    tried: Tried
    finding: Finding


def sealed_for(
    entry: Entry, parameters: Mapping[str, Any], speech: Sequence[Path], once: Try, limits: Limits | None
) -> Sealed:
    """Find out how tightly a plugin can be sealed, and what that says.

    Parameters
    ----------
    speech
        Files from which the audit's speech is made, besides the bundled ones.
    once
        Conceals a little in a runner.

    Raises
    ------
    ConcealerFailed
        If the plugin cannot conceal though nothing is kept from it.
    """

    def tried(seal: Seal | None) -> tuple[Runner, Tried]:
        runner = Runner(workers=2, limits=limits, sealed=seal)
        try:
            return runner, once(runner)
        except BaseException:
            runner.close()
            raise

    if not version():
        note = "this system has no Landlock (Linux 5.13): what it reads is known by Python's word alone"
        runner, found = tried(None)
        return Sealed(runner, None, found, Finding(NAME, None, "no", "", Verdict.UNKNOWN, None, note))

    demo = [str(resources() / "demo"), *map(str, speech)]
    wide = Seal(tuple(demo))
    try:
        runner, found = tried(wide)
    except ConcealerFailed as error:
        note = f"kept from {_APART}, it {error.fact}"
        runner, found = tried(None)
        return Sealed(runner, None, found, Finding(NAME, None, "no", "", Verdict.DOUBT, None, note))
    made = found.made
    if entry.origin == "bundled" or any(deed.startswith(opened.RUNS) for deed in made.deeds):
        return Sealed(runner, wide, found, _kept(made))
    told = [str(file[0]) for file in made.files]
    files = [path for path in told if not path.endswith("/") and not is_sound(path)]
    named = [str(value.resolve()) for value in parameters.values() if isinstance(value, Path)]
    narrow = Seal(tuple(demo), (str(entry.path), *_code_beside(entry.path), *files, *named))
    try:
        narrower, found_so = tried(narrow)
    except ConcealerFailed as error:
        note = f"reads more than it tells of: kept from all but what it told of, it {error.fact}"
        return Sealed(runner, wide, found, Finding(NAME, None, "partly", "", Verdict.DOUBT, None, note))
    runner.close()
    note = "could read nothing but its own code, Python's and the system's files"
    note += f", and {len(files)} that it tells of" if files else ""
    return Sealed(narrower, narrow, found_so, _kept(made, f"{note}; "))


def _code_beside(path: Path) -> list[str]:
    """Return the code in a plugin's folder: helpers that are imported late are its own, too."""
    found: list[str] = []
    with suppress(OSError):  # there is more of it
        found += map(str, code_below(path.parent, _MOST_CODE))
    return found


def _kept(made: Concealed, note: str = "") -> Finding:
    if made.offline:
        return Finding(NAME, None, "yes", "", Verdict.OK, None, f"{note}kept from {_APART}")
    return Finding(NAME, None, "partly", "", Verdict.UNKNOWN, None, f"{note}kept from {_FILES}, {_ONLINE}")
