"""`gaplisten trace` on captures of calls: lists streams, takes one, loses what came late."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.files import read_signal
from gaplisten.loss.formats import read_trace
from kit import calls, command
from kit.calls import sent
from kit.tables import rows_of

CALL = sent(200, never=(10, 11, 60), late={90: 130.0}, twice=(30,), silent=range(120, 140))


run = functools.partial(command.run, "trace")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    back = [replace(each, ssrc=0x99, kind=8) for each in sent(100, seed=5)]
    path = tmp_path / "call.pcap"
    path.write_bytes(calls.pcap(sorted([*CALL, *back], key=lambda each: each.at_ms)))
    return path


def test_streams_are_listed_and_one_has_to_be_chosen(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capture, "--csv", tmp_path / "streams.csv") == 0
    first, second = rows_of(tmp_path / "streams.csv")
    assert (first["ssrc"], first["payload"], first["lost"]) == ("0x1234ABCD", "0 PCMU", "3")
    assert (first["duplicates"], first["silent"], first["packet_ms"]) == ("1", "20", "20.0")
    assert (second["payload"], second["packets"], second["lost"]) == ("8 PCMA", "100", "0")
    capsys.readouterr()
    assert run(capture, "--buffer-ms", 60) == 2
    assert "holds 2 streams; say which with --stream" in capsys.readouterr().err
    assert run(capture, "--stream", "3") == 2
    assert "write 1 to 2" in capsys.readouterr().err


def test_a_stream_becomes_a_trace_its_sound_and_a_row_for_each_packet(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, sound, rows = tmp_path / "call_is_lost.txt", tmp_path / "call.wav", tmp_path / "packets.csv"
    words = ("--stream", 1, "--buffer-ms", 100, "--to", "challenge", out, "--sound", sound, "--packets", rows)
    assert run(capture, *words) == 0
    said = capsys.readouterr().out
    assert "never came, or later than 100 ms" in said
    assert "3 packets lost by the network, 1 too late; 1 came twice; 20 slots of silence" in said
    lost = np.flatnonzero(read_trace(out).lost).tolist()
    assert lost == [10, 11, 60, 90]
    pieces = read_signal(sound).samples.reshape(200, 160)
    assert not pieces[lost].any()
    assert all(pieces[slot].any() for slot in range(100) if slot not in lost)
    states = {row["packet"]: row["state"] for row in rows_of(rows)}
    assert (states["9"], states["10"], states["90"], states["125"]) == (
        "received",
        "never came",
        "too late",
        "silence",
    )


def test_a_delay_profile_is_read_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dly_error_profile_1.dat"
    path.write_text("30\n40\n-1\n60\n61\n25\n")
    out = tmp_path / "x.txt"
    assert run(path, "--buffer-ms", 60, "--absolute", "--to", "digits", out) == 0
    assert out.read_text() == "0 0 1 0 1 0\n"
    assert "delays count as they stand" in capsys.readouterr().out
    assert run(path, "--buffer-ms", 34, "--to", "digits", out) == 0
    assert out.read_text() == "0 0 1 1 1 0\n"
    assert "from the smallest, 25 ms" in capsys.readouterr().out
    assert run(path, "--late-percent", 20, "--to", "digits", out) == 0
    assert out.read_text() == "0 0 1 0 1 0\n"
    assert run(path, "--to", "digits", out) == 0
    assert out.read_text() == "0 0 1 0 0 0\n"
    assert run(path, "--skip", 2, "--frames", 2, "--packet-ms", 10, "--to", "digits", out) == 0
    assert out.read_text() == "1 1 0 0 0 0 0 0\n"


def test_totals_are_told_with_a_model_and_never_as_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rtcp.txt"
    path.write_text("lp=12;rxcount=388\n")
    assert run(path) == 0
    said = capsys.readouterr().out
    assert "how much was lost, never where" in said
    assert "--model random --set loss=3" in said
    assert run(path, "--to", "digits", tmp_path / "x.txt") == 2
    assert "'gaplisten lose'" in capsys.readouterr().err
    assert not (tmp_path / "x.txt").exists()


def test_what_a_receiver_concealed_belongs_to_its_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "neteq.txt"
    path.write_bytes(calls.neteq(CALL, concealed=(3, 4), pieces=10))
    out = tmp_path / "x.txt"
    assert run(path, "--output", "--to", "digits", out) == 0
    assert out.read_text() == "0 0 0 1 1 0 0 0 0 0\n"
    assert "never of what was sent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--inverted",), "has no meaning for a capture"),
        (("--stream", 1, "--absolute", "--buffer-ms", 5), "only differences count"),
        (("--stream", 1, "--skip", 5), "are for delay profiles"),
        (("--output",), "does not tell what was concealed"),
    ],
)
def test_options_that_say_nothing_of_this_file_are_refused(
    capture: Path, words: tuple[object, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capture, *words) == 2
    assert why in capsys.readouterr().err


def test_options_of_captures_are_refused_for_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x_is_lost.txt"
    path.write_text("0\n1\n0\n")
    assert run(path, "--buffer-ms", 60) == 2
    assert "is no capture of a call" in capsys.readouterr().err


def test_one_sender_that_began_anew_is_offered_to_be_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = [replace(each, at_ms=each.at_ms + 5000) for each in sent(100, never=(3,), ssrc=7)]
    path = tmp_path / "call.pcap"
    path.write_bytes(calls.pcap([*CALL, *again]))
    assert run(path) == 0
    assert "--stream 1+2 joins them" in capsys.readouterr().out
    out = tmp_path / "x.txt"
    assert run(path, "--stream", "1+2", "--to", "digits", out) == 0
    assert np.flatnonzero(read_trace(out, format="digits").lost).tolist() == [10, 11, 60, 253]
