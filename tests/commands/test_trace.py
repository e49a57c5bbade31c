"""`gaplisten trace` tells what a trace says, and converts it."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.durable.folders import filled_alone
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS, AmbiguousTrace, read_trace
from kit import command

run = functools.partial(command.run, "trace")


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "54_is_lost.txt"
    path.write_text("0\r\n1\r\n1\r\n0\r\n0\r\n", newline="")
    return path


def test_it_tells_format_polarity_and_figures(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(trace) == 0
    said = capsys.readouterr().out
    for word in ("challenge", "1 = lost", "0.4", "40", "<=120 ms"):
        assert word in said


def test_the_table_goes_to_csv(trace: Path, tmp_path: Path) -> None:
    assert run(trace, "--csv", tmp_path / "t.csv", "--packet-ms", 10) == 0
    header, row = (tmp_path / "t.csv").read_text().splitlines()
    found = dict(zip(header.split(","), row.split(","), strict=True))
    assert (found["packets"], found["lost"], found["gaps"], found["longest_ms"]) == ("5", "2", "1", "20.0")
    assert float(found["burst_ratio"]) == pytest.approx(2 * 0.6)


@pytest.mark.parametrize("name", [form.name for form in FORMATS])
def test_it_converts_to_every_format(trace: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out.trace"
    assert run(trace, "--to", name, out) == 0
    found = read_trace(out, format=name)
    lost = np.repeat(found.lost, found.packet_frames // 320) if found.packet_frames else found.lost
    if found.intervals is not None:
        lost = found.on_clock(16000).mask(1600)[::320]
    assert np.flatnonzero(lost).tolist() == [1, 2]


def test_polarity_can_be_turned_round(trace: Path, tmp_path: Path) -> None:
    assert run(trace, "--inverted", "--to", "challenge", tmp_path / "x_lost.txt") == 0
    assert (tmp_path / "x_lost.txt").read_bytes() == b"1\r\n0\r\n0\r\n1\r\n1\r\n"


def test_zero_packets_of_a_sound_file_can_be_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = np.full(1600, 0.1)
    samples[320:640] = 0
    write_signal(tmp_path / "x.wav", Signal.of(samples, 16000))
    assert run(tmp_path / "x.wav", "--to", "challenge", tmp_path / "x_is_lost.txt") == 0
    assert "detected" in capsys.readouterr().out
    assert read_trace(tmp_path / "x_is_lost.txt").lost.tolist() == [False, True, False, False, False]


def test_lost_samples_are_counted_on_the_sounds_own_clock(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, out = np.full(4800, 0.1), tmp_path / "out.txt"
    samples[960:1920] = 0
    write_signal(tmp_path / "x.wav", Signal.of(samples, 48000))
    assert run(tmp_path / "x.wav", "--to", "lost_samples", out) == 0
    assert np.loadtxt(out).tolist() == list(range(960, 1920))
    assert run(trace, "--to", "lost_samples", out, "--rate", 8000) == 0
    assert np.loadtxt(out).tolist() == list(range(160, 480))


def test_a_packet_length_needs_no_rate_unless_samples_are_counted(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music = ("--packet-ms", 11.61)  # 512 frames of 44.1 kHz, no whole number of frames at 16 kHz
    assert run(trace, *music) == 0
    assert "23.22" in capsys.readouterr().out
    assert run(trace, *music, "--to", "lost_samples", tmp_path / "out.txt") == 2
    assert run(trace, *music, "--to", "lost_samples", tmp_path / "out.txt", "--rate", 44100) == 0
    assert np.loadtxt(tmp_path / "out.txt").tolist() == list(range(512, 3 * 512))


def test_bad_files_end_with_status_2_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "x.txt"
    bad.write_text("0\nlost\n")
    assert run(bad) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{bad}: line 2 holds 'l'" in said


def test_doubtful_files_name_the_choices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mask.txt").write_text("1\n1\n0\n")
    assert run(tmp_path / "mask.txt") == 2
    said = capsys.readouterr().err
    assert "challenge (66.7 % of 3 packets lost in 1 gap)" in said
    assert "frn (33.3 % of 3 packets lost in 1 gap)" in said
    assert run(tmp_path / "mask.txt", "--format", "frn") == 0
    assert "1 = received" in capsys.readouterr().out


def test_unknown_formats_write_nothing(trace: Path, tmp_path: Path) -> None:
    assert run(trace, "--to", "g193", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--formats") == 0
    said = capsys.readouterr().out
    assert all(form.name in said for form in FORMATS)


def test_a_table_of_many_traces_is_told_and_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "val_meta.csv"
    table.write_text("name,a,b,trace\nx.wav,1,2,0 0 0 1 0 0 0 0\ny.wav,1,2,0 0 0 0 0 0 1 1\n")
    assert run(table, "--csv", tmp_path / "t.csv", "--to", "challenge", tmp_path / "out") == 0
    rows = (tmp_path / "t.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["file", "x", "y"]
    assert read_trace(tmp_path / "out/y_is_lost.txt").lost.tolist() == [False] * 6 + [True] * 2
    assert run(table, "--to", "frn", tmp_path / "masks") == 0
    mask = read_trace(tmp_path / "masks/y_mask.txt", format="frn")
    assert mask.lost.tolist() == [False] * 6 + [True] * 2
    with pytest.raises(AmbiguousTrace):  # its name must not pass it off as one where 1 means lost
        read_trace(mask.path)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert run(tmp_path / "other.csv") == 2
    assert "has no column of losses (its columns are a, b)" in capsys.readouterr().err


def test_names_in_a_table_that_no_file_can_have_are_told_and_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["x.wav", f"{'n' * 250}.wav", "a\0b.wav", "../../up.wav", "...wav", "-rf.wav", "\x1b[2J.wav"]
    table = tmp_path / "meta.csv"
    table.write_text("".join(f"{name},1,2,0 0 0 1 0 0 0 0\n" for name in names))
    assert run(table, "--to", "challenge", tmp_path / "in" / "out") == 1
    written = {path.name for path in (tmp_path / "in" / "out").iterdir()}
    assert written == {f"{name}_is_lost.txt" for name in ("x", "up", "..", "-rf", "\x1b[2J")}
    assert {path.name for path in tmp_path.iterdir()} == {"meta.csv", "in"}
    told = capsys.readouterr()
    assert told.err.count("failed: ") == 2
    assert "name is too long" in told.err
    assert "zero byte" in told.err
    assert "5 traces written" in told.out
    assert "\x1b" not in told.out + told.err


def test_a_folder_into_which_another_run_writes_traces_gets_none_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "meta.csv"
    table.write_text("x.wav,1,2,0 0 0 1 0 0 0 0\n")
    with filled_alone(tmp_path / "out", GaplistenError):
        assert run(table, "--to", "challenge", tmp_path / "out") == 2
    assert "is being filled by another run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_dropouts_of_a_sound_on_no_packets_are_told_and_written_as_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = np.random.default_rng(0).uniform(0.01, 0.4, 16000)
    rows = [(777, 820), (4231, 4274), (9001, 9044)]
    for start, stop in rows:
        samples[start:stop] = 0
    write_signal(tmp_path / "x.wav", Signal.of(samples, 16000))
    assert (
        run(tmp_path / "x.wav", "--csv", tmp_path / "t.csv", "--to", "lost_samples", tmp_path / "s.txt") == 0
    )
    said = capsys.readouterr().out
    assert "3 runs of exact zeros lie on no packets of 20 ms (2.688 ms long)" in said
    assert "3 gaps written to" in said
    assert np.loadtxt(tmp_path / "s.txt").tolist() == [frame for row in rows for frame in range(*row)]
    header, row = (line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines())
    found = dict(zip(header, row, strict=True))
    assert (found["packets"], found["lost"], found["gaps"], found["seconds"]) == ("", "", "3", "1.0")
    assert run(tmp_path / "x.wav", "--to", "challenge", tmp_path / "c.txt") == 2
    assert "choose a format that counts samples" in capsys.readouterr().err


def test_packets_can_be_given_in_frames(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(trace, "--packet", 512, "--rate", 44100) == 0
    assert "11.61" in capsys.readouterr().out
    assert run(trace, "--packet", 512, "--packet-ms", 20) == 2
