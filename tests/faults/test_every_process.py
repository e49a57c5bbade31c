"""SIGKILL, SIGTERM and SIGINT of every process of every activity, at moments nobody chose.

Afterwards nothing of the program lives on, no file stands half written under its name, what somebody did is
there but for the time since the last autosave, and the same command makes the whole thing.
"""

from __future__ import annotations

import functools
import http.client
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from gaplisten.bench.autosave import rescued
from gaplisten.bench.store import read_work
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.session import Session
from gaplisten.web.links import Links
from kit import calls
from kit.challenge import challenge_set, speech_like, write_versions
from kit.edited_window import notes_in
from kit.panels import NO_STEPS, make_panel, saved_rows, take
from kit.pulse import missing as no_sound
from kit.pulse import sound_server, wait_for
from kit.served import Remote
from kit.strikes import SIGNALS, Run, command, files_below, halves, running

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc"),
    pytest.mark.usefixtures("plugins_known"),
]
KIT = Path(__file__).resolve().parents[1] / "kit"
WINDOW = {
    "PYTHONPATH": os.pathsep.join([str(KIT.parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
    "QT_QPA_PLATFORM": "offscreen",
}
STRIKES = 15  # of each of the activities in the long run: more than 200 altogether
SHORT = ("conceal", "capture", "build")  # of the commands, what is struck in every run
AUTOSAVE_SECONDS = 1.0
LATE_SECONDS = 4.0  # by which a busy machine may be late


@dataclass(frozen=True)
class Material:
    """What the commands work on."""

    folder: Path
    panel: FrozenPanel


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("material")
    challenge_set(folder / "set", 6, 2.0)
    for build, gain in (("A", 0.5), ("B", 0.9)):
        for index in range(6):
            clean = speech_like(index, 2.0)
            write_versions(folder / "set", str(index), {build: clean * gain}, [])
            (folder / "set" / build).mkdir(exist_ok=True)
    # The traces that came with the builds' sounds are those of the set.
    challenge_set(folder / "set", 6, 2.0)
    (folder / "call.pcap").write_bytes(calls.pcap(calls.sent(30_000, never=range(50, 9000, 70))))
    (folder / "p.toml").write_text(
        'title = "T"\nmethod = "acr"\nseed = 3\n[clips]\nfolders = ["set"]\npacket_ms = 20\n'
        '[[condition]]\nname = "A"\nconcealer = "repeat_fade"\n'
        '[[condition]]\nname = "B"\nconcealer = "gaplisten_hybrid"\n' + NO_STEPS
    )
    voted = make_panel(folder / "voted", "acr", NO_STEPS, clips=3)
    for name in ("Ann", "Ben", "Cem"):
        with Session.open(voted.folder, name) as session:
            take(session)
    return Material(folder, make_panel(folder, "acr", NO_STEPS, clips=3, top="repeats = 10", secret="s" * 32))


# --- commands --------------------------------------------------------------------------------------------


Words = Callable[[Material, Path], Sequence[object]]

COMMANDS: dict[str, Words] = {
    "conceal": lambda m, out: (
        "conceal", m.folder / "set" / "lossy_signals", "--concealer", "repeat_fade", "--out", out / "c",
        "--csv", out / "c.csv", "-j", 2,
    ),
    "codec": lambda m, out: (
        "conceal", m.folder / "set" / "lossy_signals", "--concealer", "g711_appendix1", "--out", out / "c",
        "--reference-folder", m.folder / "set" / "clean", "-j", 2,
    ),
    "program": lambda m, out: (
        "conceal", m.folder / "set" / "lossy_signals", "--concealer", "external_command", "--out", out / "c",
        "--set", "command=sh -c 'setsid sleep 400 >/dev/null 2>&1 & sleep 0.3; cp {in_wav} {out_wav}'",
        "-j", 2,
    ),
    "score": lambda m, out: (
        "score", m.folder / "set", "-m", "plcmos", "-m", "stoi", "--csv", out / "s.csv",
        "--summary", out / "m.csv", "-j", 2,
    ),
    "compare": lambda m, out: (
        "compare", m.folder / "set" / "A", m.folder / "set" / "B",
        "--reference-folder", m.folder / "set" / "clean", "--trace", m.folder / "set" / "lossy_signals",
        "--report", out / "r.html", "--junit", out / "j.xml", "--csv", out / "v.csv",
        "--save-baseline", out / "base.json", "-j", 2,
    ),
    "bundle": lambda m, out: ("gaps", m.folder / "set", "--bundle", out / "gaps.zip", "--worst", 3),
    "lose": lambda m, out: (
        "lose", m.folder / "set" / "clean", "--model", "gilbert_elliott", "--seed", 1, "--out", out,
        "--overwrite",
    ),
    "audit": lambda m, out: (
        "concealers", "repeat_fade", "--audit", "--csv", out / "a.csv", "--seed", 1,
        "--on", m.folder / "set" / "clean" / "1.wav",
    ),
    "capture": lambda m, out: (
        "trace", m.folder / "call.pcap", "--stream", 1, "--buffer-ms", 60, "--to", "challenge",
        out / "t_is_lost.txt", "--sound", out / "t.wav", "--packets", out / "p.csv",
    ),
    "build": lambda m, out: ("panel", "build", m.folder / "p.toml", "--out", out / "panel"),
    "results": lambda m, out: (
        "panel", "results", m.folder / "voted" / "panel", "--csv", out / "r.csv", "--figure", out / "r.pdf",
        "--report", out / "r.html",
    ),
}  # fmt: skip


MADE_BY_CHANCE = {"build"}  # a panel's sounds have other names each time


@dataclass(frozen=True)
class Whole:
    """What a command made when nobody struck, and how long that took."""

    out: Path | None
    seconds: float
    status: int


@pytest.fixture(scope="module")
def whole(
    material: Material, tmp_path_factory: pytest.TempPathFactory, scanned: Path
) -> Callable[[str], Whole]:
    @functools.cache
    def made(name: str) -> Whole:
        folder = tmp_path_factory.mktemp(name)
        know(folder, scanned)
        began = time.monotonic()
        status = all_of_it(folder, command(*COMMANDS[name](material, folder / "made")))
        return Whole(folder / "made", time.monotonic() - began, status)

    return made


def all_of_it(folder: Path, words: Sequence[str]) -> int:
    """Do the work undisturbed; return how it ended."""
    (folder / "made").mkdir(exist_ok=True)
    with running(folder, words) as run:
        run.wait()
        assert run.process.returncode in (0, 1), run.complained
        assert run.left_behind() + halves(folder / "made") == []
        assert files_below(folder / "made"), run.complained
        return run.process.returncode


def know(folder: Path, scanned: Path) -> None:
    """Put what is known of the plugins where the run looks for it."""
    (folder / "home" / "cache").mkdir(parents=True)
    shutil.copy(scanned, folder / "home" / "cache")


def statuses(struck: str, number: signal.Signals, status: int) -> set[int]:
    """Return with which status a command may end: by the signal, or as it does with an item that failed."""
    if struck == "program":
        return {status, -number} | ({130} if number != signal.SIGKILL else set())
    return {0, 1, 2, status}


@pytest.mark.parametrize(
    ("strikes", "name"),
    [
        *((2, name) for name in SHORT),
        *(pytest.param(STRIKES, name, marks=pytest.mark.long) for name in COMMANDS),
    ],
)
def test_a_command_that_is_struck_leaves_nothing_half_and_made_again_makes_all(
    name: str,
    strikes: int,
    material: Material,
    whole: Callable[[str], Whole],
    tmp_path: Path,
    scanned: Path,
) -> None:
    undisturbed = Whole(None, 2.0, 0) if strikes == 2 else whole(name)
    same = None if name in MADE_BY_CHANCE else undisturbed.out
    chance, seen, roles = random.Random(f"{name} {strikes}"), list[str](), list[str]()
    alone = False  # some start no other process
    for attempt in range(20 * strikes):
        if len(seen) == strikes:
            break
        folder = tmp_path / str(attempt)
        (folder / "made").mkdir(parents=True)
        know(folder, scanned)
        words = command(*COMMANDS[name](material, folder / "made"))
        number = SIGNALS[attempt // 2 % len(SIGNALS)]
        with running(folder, words) as run:
            others = bool(attempt % 2) and not alone
            if others:
                wait_for(lambda run=run: run.over or run.has_others)
            # The moment is not one of anything.
            time.sleep(chance.uniform(0.0, 0.5 if others else undisturbed.seconds))
            struck = run.strike(chance, number, program=not others, seen=roles)
            alone = alone or (others and run.over and not struck)
            run.wait(f"{name} after {number} to {struck}")
            wrong = run.left_behind(struck) + halves(folder / "made", same)
            status = run.process.returncode
            if struck and status not in statuses(struck, number, undisturbed.status):
                wrong.append(f"status {status}: {run.complained[-600:]}")
            assert wrong == [], (name, struck, number, seen)
        if not struck:
            continue
        seen.append(f"{struck} {number.name}")
        roles.append(struck)
        print(f"{name}: {seen[-1]}", flush=True)
        again = struck == "program" and roles.count(struck) <= len(SIGNALS)  # all of it takes long
        if again and not (folder / "made" / "panel").exists() and (strikes > 2 or name != "audit"):
            assert all_of_it(folder, words) in (0, 1)
            assert halves(folder / "made", same) == []
            if undisturbed.out is not None and name not in MADE_BY_CHANCE:
                assert names_in(folder / "made") == names_in(undisturbed.out)
        shutil.rmtree(folder)
    assert len(seen) == strikes


def names_in(folder: Path) -> list[Path]:
    """Return the names of the files in a folder."""
    return [path.relative_to(folder) for path in files_below(folder)]


# --- the window ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound() -> Iterator[None]:
    """Give a sound server where there can be one: then there is a process for sound to be struck."""
    if no_sound():
        yield
        return
    with sound_server(48000):
        yield


def numbers(said: str, word: str) -> list[tuple[int, float]]:
    """Return what the window said after a word."""
    found = re.findall(rf"^{word} (\d+)(?: ([\d.]+))?$", said, re.MULTILINE)
    return [(int(number), float(when or 0)) for number, when in found]


def lost_work(run: Run, file: Path, struck_at: float) -> list[str]:
    """Return what of the work is neither in the file nor kept for the next start."""
    kept = [notes_in(each.work) for each in rescued(run.home / "state" / "unsaved")]
    if file.exists():
        kept.append(notes_in(read_work(file, may_open=True)))
    last = max(kept, default=0)
    told = max((number for word in ("kept", "saved") for number, _ in numbers(run.said, word)), default=0)
    old = [at for at, when in numbers(run.said, "edit") if when < struck_at - AUTOSAVE_SECONDS - LATE_SECONDS]
    due = max([told, *old])
    return [f"only {last} of {due} edits are left"] if last < due else []


@pytest.mark.parametrize("strikes", [1, pytest.param(2 * STRIKES, marks=pytest.mark.long)])
def test_a_struck_window_leaves_all_work_but_that_of_the_last_second(
    strikes: int, material: Material, sound: None, tmp_path: Path, scanned: Path
) -> None:
    chance, seen, roles = random.Random(strikes), list[str](), list[str]()
    for at in range(strikes):
        folder = tmp_path / str(at)
        know(folder, scanned)
        file = folder / "made" / "w.gaplisten.toml"
        file.parent.mkdir()
        words = [sys.executable, "-P", KIT / "edited_window.py", material.folder / "set", file]
        number = SIGNALS[at // 2 % len(SIGNALS)]
        with running(folder, words, WINDOW) as run:
            edits = chance.randrange(4, 9)
            wait_for(lambda run=run, n=edits: len(numbers(run.said, "edit")) >= n or run.over)
            time.sleep(chance.uniform(0, 3))
            # The program itself every other time, else one of the others.
            assert not run.over, run.complained
            struck_at = time.monotonic()
            struck = run.strike(chance, number, program=at % 2 == 0, seen=roles)
            assert struck
            if struck != "program":
                before = len(numbers(run.said, "edit"))
                wait_for(
                    lambda run=run, n=before: len(numbers(run.said, "edit")) > n + 3,
                    what=f"that the window goes on without its {struck}",
                )
                struck_at = time.monotonic()
                run.end(signal.SIGTERM)
            run.wait(f"the window after {number}")
            wrong = run.left_behind(struck) + halves(file.parent) + lost_work(run, file, struck_at)
            if number == signal.SIGKILL and struck == "program":
                assert run.process.returncode == -signal.SIGKILL
            elif run.process.returncode != 130:
                wrong.append(f"status {run.process.returncode}")
            assert wrong == [], (struck, number, seen, run.complained)
        seen.append(f"{struck} {number.name}")
        roles.append(struck)
        print(f"window: {seen[-1]}", flush=True)
        shutil.rmtree(folder)


# --- panels ----------------------------------------------------------------------------------------------


def copied(panel: FrozenPanel, folder: Path) -> FrozenPanel:
    """Return a copy of a panel that nobody has taken."""
    shutil.copytree(panel.folder, folder / "panel")
    return open_panel(folder / "panel")


def missing_votes(panel: FrozenPanel, left: Sequence[int]) -> list[str]:
    """Return what is wrong with the votes of the only listener, who has left these trials."""
    saved = sorted({int(row["trial"]) for row in saved_rows(panel)})
    wrong = [f"trials {sorted(lost)} are not saved"] if (lost := set(left) - set(saved)) else []
    if saved != list(range(1, len(saved) + 1)):
        wrong.append(f"trials saved are {saved}")
    return wrong


@pytest.mark.parametrize("strikes", [2, pytest.param(STRIKES, marks=pytest.mark.long)])
def test_a_struck_listeners_window_loses_no_vote(
    strikes: int, material: Material, tmp_path: Path, scanned: Path
) -> None:
    chance = random.Random(strikes)
    for at in range(strikes):
        folder = tmp_path / str(at)
        know(folder, scanned)
        panel = copied(material.panel, folder)
        words = [sys.executable, "-P", KIT / "window_session.py", panel.folder, "Ann"]
        with running(folder, words, WINDOW) as run:
            trials, number = chance.randrange(1, 20), SIGNALS[at % len(SIGNALS)]
            wait_for(lambda run=run, n=trials: len(_lines(run)) >= n or run.over)
            assert run.strike(chance, number) == "program"
            run.wait()
            wrong = run.left_behind()
            assert wrong + halves(panel.ratings) + missing_votes(panel, _lines(run)) == [], number
        shutil.rmtree(folder)


def _lines(run: Run) -> list[int]:
    return [int(line) for line in run.said.split() if line.isdigit()]


@pytest.mark.parametrize("strikes", [2, pytest.param(STRIKES, marks=pytest.mark.long)])
def test_a_struck_server_loses_no_vote_and_goes_on(
    strikes: int, material: Material, tmp_path: Path, scanned: Path
) -> None:
    chance = random.Random(strikes)
    for at in range(strikes):
        folder = tmp_path / str(at)
        know(folder, scanned)
        panel = copied(material.panel, folder)
        (link,) = Links(panel, panel.ratings).add(["Ann"])
        left = list[int]()
        for turn, number in enumerate((SIGNALS[at % len(SIGNALS)], signal.SIGTERM)):
            with running(folder, command("panel", "serve", panel.folder, "--port", 0)) as run:
                wait_for(lambda run=run: "serves" in run.complained or run.over)
                found = re.search(r"127\.0\.0\.1:(\d+)", run.complained)
                assert found is not None, run.complained
                remote = Remote(int(found[1]), link.token)
                trials = chance.randrange(1, 9)
                _take_some(remote, trials, left)
                if chance.random() < 0.5:  # in the middle of a message
                    remote.hang_up()
                    remote._line = http.client.HTTPConnection("127.0.0.1", int(found[1]))
                    with suppress(OSError):
                        remote._line.putrequest("POST", f"/s/{link.token}/trial")
                        remote._line.putheader("Content-Length", "1000")
                        remote._line.endheaders(b'{"trial"')
                struck = run.strike(chance, number)
                if struck != "program":
                    _take_some(remote, 1, left)
                    run.end()
                wait_for(
                    lambda run=run: run.process.poll() is not None,
                    what=f"the server after {number} to {struck}",
                )
                remote.hang_up()
                wrong = run.left_behind() + halves(panel.ratings) + missing_votes(panel, left)
                assert wrong == [], (struck, number, turn)
        shutil.rmtree(folder)


def _take_some(remote: Remote, trials: int, left: list[int]) -> None:
    remote.tab = ""
    remote.open()
    for _ in range(trials):
        while remote.screen["kind"] in ("message", "break"):
            assert remote.post("on", {}).status == 200
        if remote.screen["kind"] != "trial":
            return
        number = remote.screen["number"]
        assert remote.send().status == 200
        left.append(number)
