"""`gaplisten check`, and commands that compute with nothing that does not fit unless the user says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.layout_file import read_layout
from gaplisten.folders import resources
from kit.command import run
from kit.tables import rows_of


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("right")
    for name in ("demo1", "demo2"):
        for kind, folder in (("clean", "clean"), ("lossy", "lossy_signals")):
            (root / kind).mkdir(exist_ok=True)
            shutil.copy(resources() / f"demo/{folder}/{name}.flac", root / kind)
        shutil.copy(resources() / f"demo/lossy_signals/{name}_is_lost.txt", root / "lossy")
    return root


@pytest.fixture
def wrong(right: Path, tmp_path: Path) -> Path:
    """Each clip with the other's reference."""
    root = tmp_path / "wrong"
    shutil.copytree(right, root)
    (root / "clean/demo1.flac").rename(root / "clean/x.flac")
    (root / "clean/demo2.flac").rename(root / "clean/demo1.flac")
    (root / "clean/x.flac").rename(root / "clean/demo2.flac")
    return root


@pytest.fixture
def inverted(right: Path, tmp_path: Path) -> Path:
    root = tmp_path / "inverted"
    shutil.copytree(right, root)
    for trace in (root / "lossy").glob("*.txt"):
        trace.write_text(trace.read_text().translate(str.maketrans("01", "10")))
    return root


def test_what_fits_is_said_to_fit(right: Path, capsys) -> None:
    assert run("check", right) == 0
    told = capsys.readouterr().out
    assert "2 clips checked: all fits" in told
    assert "lossy/{clip}_is_lost" in told


def test_what_was_found_out_when_clips_were_opened_is_said_once_with_their_number(
    right: Path, tmp_path: Path, capsys
) -> None:
    root = tmp_path / "found out"
    shutil.copytree(right, root)
    for path in (root / "lossy").glob("*.txt"):
        flags = path.read_text().split()
        path.write_text("\n".join(flag for flag in flags for _ in range(2)))
    assert run("check", root) == 0
    told = capsys.readouterr().out
    assert "note: {clip}_is_lost.txt: packets of 10 ms (160 frames) fit the sound (2 of 2 clips)" in told
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "a.ul").write_bytes(bytes(np.random.default_rng(0).permutation(8000) % 7 + 120))
    run("check", bare, "--raw", "8000,alaw,1")
    told = capsys.readouterr().out
    assert "note: {clip}.ul: its name says 8000 Hz, ulaw, mono, so it is not read as 8000 Hz, alaw" in told
    assert "1 clip checked" in told


def test_versions_that_are_late_all_through_or_turned_round_are_said_and_do_fit(
    right: Path, tmp_path: Path, capsys
) -> None:
    root = tmp_path / "placed"
    shutil.copytree(right, root)
    for folder, made in (("late", lambda x: np.pad(x, (160, 0))[: len(x)]), ("turned", lambda x: -x)):
        (root / folder).mkdir()
        for path in (root / "clean").glob("*.flac"):
            sound = read_signal(path)
            write_signal(root / folder / f"{path.stem}.wav", Signal.of(made(sound.mono), sound.rate))
    assert run("check", root) == 0
    said = capsys.readouterr().out
    assert f"note: demo1: late is {1000 * 160 / sound.rate:.4g} ms later than the reference" in said
    assert "note: demo1: turned is turned round (inverted polarity) against the reference" in said
    assert "2 clips checked: all fits" in said


def test_a_wrong_reference_is_named_with_the_right_one(wrong: Path, tmp_path: Path, capsys) -> None:
    table = tmp_path / "found.csv"
    assert run("check", wrong, "--csv", table) == 1
    rows = rows_of(table)
    assert [(row["clip"], row["about"]) for row in rows] == [("demo1", "reference"), ("demo2", "reference")]
    assert rows[0]["option"].lstrip("'") == f"--reference {wrong / 'clean/demo2.flac'}"
    assert "2 with something that does not fit" in capsys.readouterr().out


def test_the_layout_is_written_corrected_and_used(inverted: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "layout.toml"
    assert run("check", inverted, "--save-layout", file) == 1
    assert "1 means received" in capsys.readouterr().out
    file.write_text(file.read_text().replace('role = "trace"', 'role = "trace"\ninverted = true'))
    assert read_layout(file).parts[-1].trace_inverted
    assert run("check", inverted, "--layout", file) == 0
    assert run("score", inverted, "--layout", file, "-m", "sdr", "-m", "gap_click_exit", "-j", "1") == 0


@pytest.mark.parametrize("command", ["score", "conceal", "gaps"])
def test_nothing_is_computed_with_what_does_not_fit_unless_it_is_accepted(
    inverted: Path, tmp_path: Path, capsys, command: str
) -> None:
    lossy, clean = inverted / "lossy/demo1.flac", inverted / "clean/demo1.flac"
    words = {
        "score": [inverted, "-m", "gap_click_exit", "-j", "1", "--csv", tmp_path / "out.csv"],
        "conceal": [inverted / "lossy", "--concealer", "zero_fill", "--out", tmp_path / "out"],
        "gaps": [clean, lossy, "--lossy", lossy, "--trace", lossy.with_name("demo1_is_lost.txt")],
    }[command]
    assert run(command, *words) == 1
    told = capsys.readouterr().err
    assert "1 means received" in told
    assert "--accept" in told
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.csv").exists()
    assert run(command, *words, "--accept") == 0


def test_scores_that_follow_from_what_does_not_fit_bear_a_mark(wrong: Path, tmp_path: Path, capsys) -> None:
    table, summary = tmp_path / "s.csv", tmp_path / "m.csv"
    words = [wrong, "-m", "sdr", "-j", "1", "--csv", table, "--summary", summary]
    assert run("score", *words) == 1
    assert run("score", *words, "--accept") == 0
    assert "2 of 2 scores follow from files that do not fit together" in capsys.readouterr().out
    assert all("do not sound alike" in row["marks"] for row in rows_of(table))
    assert rows_of(summary)[0]["doubtful"] == "2"


def test_a_metric_that_needs_neither_reference_nor_trace_does_not_ask(wrong: Path) -> None:
    assert run("score", wrong / "lossy", "-m", "plcmos", "-j", "1") == 0


def test_folders_name_conditions_and_how_roles_were_decided_stands_in_the_table(
    right: Path, tmp_path: Path
) -> None:
    for system in ("netA", "netB"):
        (tmp_path / system).mkdir()
        for name in ("demo1", "demo2"):
            # Both mute what they cannot conceal: by their zeros they could be taken for lossy files.
            shutil.copy(right / f"lossy/{name}.flac", tmp_path / system / f"{name}_{system}.flac")
    table = tmp_path / "s.csv"
    folders = [tmp_path / "netA", tmp_path / "netB"]
    words = ["--reference-folder", right / "clean", "--trace", right / "lossy", "-m", "sdr", "-j", "1"]
    assert run("score", *folders, *words, "--csv", table) == 0
    rows = rows_of(table)
    assert [(row["clip"], row["condition"]) for row in rows] == [
        (name, system) for system in ("netA", "netB") for name in ("demo1", "demo2")
    ]
    assert {row["reference"] for row in rows} == {str(right / f"clean/demo{n}.flac") for n in (1, 2)}
    assert {(row["role"], row["role_because"]) for row in rows} == {("condition", "its folder was named")}
    assert run("score", right, "-m", "lsd", "-j", "1", "--csv", table) == 0
    assert {(row["role"], row["role_because"]) for row in rows_of(table)} == {("lossy", "its name says so")}


def test_two_packet_lengths_at_once_are_refused(right: Path, capsys) -> None:
    assert run("check", right, "--packet-ms", "10", "--packet", "160") == 2
    assert "--packet: is given beside --packet-ms" in capsys.readouterr().err


def test_in_a_folder_every_version_is_measured_at_the_gaps_that_it_met(right: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(right, root)
    for system, repeat in (("net20", 1), ("net10", 2)):
        (root / system).mkdir()
        for name in ("demo1", "demo2"):
            shutil.copy(right / f"lossy/{name}.flac", root / system)
            flags = (right / f"lossy/{name}_is_lost.txt").read_text().split()
            own = [flag for flag in flags for _ in range(repeat)]
            (root / system / f"{name}_is_lost.txt").write_text("\n".join(own) + "\n")
    table = tmp_path / "gaps.csv"
    assert run("gaps", root, "--csv", table) == 0
    rows = rows_of(table)
    assert {(row["clip_name"], row["version"]) for row in rows} == {
        (name, system) for name in ("demo1", "demo2") for system in ("net10", "net20")
    }
    packets = {
        system: [int(row["packets"]) for row in rows if row["version"] == system]
        for system in ("net10", "net20")
    }
    assert packets["net10"] == [2 * count for count in packets["net20"]]
    assert run("gaps", root, "--trace", "x.txt") == 2


@pytest.mark.parametrize(
    ("words", "made"),
    [(("--csv", "g.csv"), "g.csv"), (("--bundle", "g.zip"), "g.zip"), (("--labels", "g.txt"), "g.txt")],
)
def test_of_a_folder_the_clip_that_cannot_be_read_is_told_by_the_status_and_the_others_are_there(
    right: Path, tmp_path: Path, words: tuple[str, str], made: str, capsys, monkeypatch
) -> None:
    root = tmp_path / "set"
    shutil.copytree(right, root)
    for system, bad in (("net", "demo2"), ("other", "demo1")):
        (root / system).mkdir()
        for name in ("demo1", "demo2"):
            shutil.copy(right / f"lossy/{name}.flac", root / system)
        (root / system / f"{bad}.flac").write_bytes(b"fLaC no more")
    monkeypatch.chdir(tmp_path)
    clip = ("--clip", "demo1") if words[0] != "--csv" else ()
    assert run("gaps", root, *words, *clip) == 1
    assert "demo1.flac: is damaged" in capsys.readouterr().err
    assert (tmp_path / made).stat().st_size > 100


def test_gaps_of_a_folder_ask_first(inverted: Path, capsys) -> None:
    (inverted / "net").mkdir()
    shutil.copy(inverted / "clean/demo1.flac", inverted / "net")
    assert run("gaps", inverted) == 1
    assert "1 means received" in capsys.readouterr().err


def test_what_is_noted_of_each_clip_s_own_traces_is_said_once(right: Path, tmp_path: Path, capsys) -> None:
    root = tmp_path / "own"
    shutil.copytree(right / "clean", root / "clean")
    for path in (right / "lossy").glob("*.flac"):
        sound = read_signal(path)
        flags = [int(not part.any()) for part in np.array_split(sound.samples, range(160, sound.frames, 160))]
        for name in ("net", "other"):
            (root / name).mkdir(exist_ok=True)
            write_signal(root / name / f"{path.stem}.wav", Signal(0.9 * sound.samples, sound.rate))
            (root / name / f"{path.stem}_is_lost.txt").write_text("".join(f"{flag}\n" for flag in flags))
    assert run("check", root) == 0
    said = capsys.readouterr().out
    assert "note: net has losses of its own (2 of 2 clips)" in said
    told = (
        "note: losses of net: {clip}_is_lost.txt: packets of 10 ms (160 frames) fit the sound (2 of 2 clips)"
    )
    assert told in said
