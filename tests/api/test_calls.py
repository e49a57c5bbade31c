"""Concealing, measuring, scoring and reading from Python give what the commands give."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gaplisten
from gaplisten.audio.files import read_signal
from kit import command
from kit.challenge import PACKET, RATE, challenge_set
from kit.tables import rows_of

pytestmark = pytest.mark.xdist_group("python interface")

CHATTY = """
name = "Chatty"
causal = True

def conceal(lossy, lost, rate, packet_frames):
    print("hello")
    return lossy
"""

FORKING = """
import multiprocessing
import gaplisten

def made(_=0):
    return float(gaplisten.conceal([0.5] * 32, [False, True], 8000, "zero_fill", 2.0).sum())

print(made())
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(*pool.map(made, [1]))
"""


@pytest.fixture
def clip(tmp_path: Path) -> gaplisten.Clip:
    return gaplisten.open_clips(challenge_set(tmp_path / "set", 1))["0"]


def test_concealed_samples_are_those_of_the_command(clip: gaplisten.Clip, tmp_path: Path) -> None:
    assert clip.lossy is not None
    made = gaplisten.conceal(clip.lossy, clip.lost, RATE, "repeat_fade", mute_after=60)
    out = tmp_path / "out"
    source = tmp_path / "set" / "lossy_signals"
    assert (
        command.run("conceal", source, "--concealer", "repeat_fade", "--set", "mute_after=60", "--out", out)
        == 0
    )
    written = read_signal(out / "0.wav").mono
    assert np.abs(made - written).max() <= 2**-15
    assert (made[PACKET * 6 : PACKET * 20] == clip.lossy[PACKET * 6 : PACKET * 20]).mean() > 0.9


def test_two_channels_and_gaps_off_the_packets_are_taken(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    both = np.stack([clip.lossy, -clip.lossy], axis=1)
    made = gaplisten.conceal(both, None, RATE, "repeat_fade", gaps=[(6400, 6777)])
    assert made.shape == both.shape
    assert (made[:6000] == both[:6000]).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked on this system")
def test_a_forked_process_conceals_after_its_parent_did(tmp_path: Path) -> None:
    script = tmp_path / "forking.py"
    script.write_text(FORKING)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["8.0", "8.0"]


def test_what_lies_in_lost_packets_never_reaches_a_plugin(clip: gaplisten.Clip) -> None:
    assert clip.reference is not None
    assert clip.lossy is not None
    told = gaplisten.conceal(clip.reference, clip.lost, RATE, "repeat_fade")
    assert (told == gaplisten.conceal(clip.lossy, clip.lost, RATE, "repeat_fade")).all()


def test_errors_say_what_was_wrong(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    with pytest.raises(gaplisten.GaplistenError, match="gaplisten_hybrid"):
        gaplisten.conceal(clip.lossy, clip.lost, RATE, "hybrid")
    with pytest.raises(gaplisten.GaplistenError, match="has no parameter 'mute'"):
        gaplisten.conceal(clip.lossy, clip.lost, RATE, "repeat_fade", mute=3)
    with pytest.raises(gaplisten.BadArgument, match="reference="):
        gaplisten.conceal(clip.lossy, clip.lost, RATE, "opus")


def test_a_codec_is_not_given_less_speech_than_was_received(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    assert clip.reference is not None
    with pytest.raises(gaplisten.BadArgument, match="same length"):
        gaplisten.conceal(clip.lossy, clip.lost, RATE, "opus", reference=clip.reference[:-1])


def test_a_version_that_ends_before_its_reference_is_said_to_be_silent_from_there(
    clip: gaplisten.Clip,
) -> None:
    assert clip.lossy is not None
    with pytest.warns(gaplisten.GaplistenWarning, match="what is missing is silence"):
        gaplisten.measure_gaps(clip.reference, clip.lossy[:-100], clip.lost, RATE)


def test_gaps_that_touch_are_one(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    table = gaplisten.measure_gaps(
        clip.reference, clip.lossy, None, RATE, gaps=[(6400, 6500), (6500, 6600), (9000, 9100)]
    )
    assert list(zip(table["start"], table["stop"], strict=True)) == [(6400, 6600), (9000, 9100)]


def test_a_table_of_gaps_is_that_of_the_command(clip: gaplisten.Clip, tmp_path: Path) -> None:
    root = tmp_path / "set"
    words = (root / "clean" / "0.wav", root / "lossy_signals" / "0.wav")
    trace = root / "lossy_signals" / "0_is_lost.txt"
    assert command.run("gaps", *words, "--trace", trace, "--csv", tmp_path / "gaps.csv") == 0
    assert clip.lossy is not None
    table = gaplisten.measure_gaps(clip.reference, clip.lossy, clip.lost, RATE)
    rows = rows_of(tmp_path / "gaps.csv")
    assert len(rows) == len(table) == 2
    for (_, mine), row in zip(table.iterrows(), rows, strict=True):
        numbers = {key: value for key, value in mine.items() if isinstance(value, float) and key in row}
        assert len(numbers) >= 20
        for key, value in numbers.items():
            assert (np.isnan(value) and row[str(key)] == "") or value == float(row[str(key)]), key


def test_other_thresholds_flag_other_gaps(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    table = gaplisten.measure_gaps(
        clip.reference, clip.lossy, clip.lost, RATE, thresholds={"click_exit": 1e9, "energy_error": 1e9}
    )
    assert not any("click_exit" in flags or "energy_error" in flags for flags in table["flags"])
    assert "energy_error" in gaplisten.measure_gaps(clip.reference, clip.lossy, clip.lost, RATE)["flags"][0]


def test_a_threshold_of_no_measure_is_refused(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    with pytest.raises(gaplisten.BadArgument, match="'click_exits' is no measure"):
        gaplisten.measure_gaps(clip.reference, clip.lossy, clip.lost, RATE, thresholds={"click_exits": 3})
    with pytest.raises(gaplisten.BadArgument, match="is no measure"):
        clip.measure_gaps({"click_exits": 3})
    with pytest.raises(gaplisten.BadArgument, match="is no measure"):
        gaplisten.plot_gap(clip, 1, thresholds={"click_exits": 3})
    with pytest.raises(gaplisten.BadArgument, match="click_exit is nan"):
        clip.measure_gaps({"click_exit": float("nan")})


@pytest.mark.parametrize("context_ms", [-1.0, float("nan"), float("inf")])
def test_surroundings_have_a_length(clip: gaplisten.Clip, context_ms: float) -> None:
    with pytest.raises(gaplisten.BadArgument, match="context_ms"):
        gaplisten.plot_gap(clip, 1, context_ms=context_ms)


@pytest.mark.parametrize("gap", ["1", 1.0, True, None])
def test_a_gap_is_named_by_its_number(clip: gaplisten.Clip, gap: Any) -> None:
    with pytest.raises(gaplisten.BadArgument, match="give the number of a gap"):
        gaplisten.plot_gap(clip, gap)


def test_a_score_is_a_number_or_a_reason(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    found = gaplisten.score(clip.lossy, RATE, "sdr", clip.reference)
    assert float(found) == found.value
    none = gaplisten.score(clip.lossy, RATE, "sdr")
    assert none.value is None
    with pytest.raises(ValueError, match="needs a reference"):
        float(none)
    with pytest.raises(gaplisten.GaplistenError, match="did you mean"):
        gaplisten.score(clip.lossy, RATE, "plcmoss")


def test_nothing_said_of_losses_is_refused_where_they_matter(clip: gaplisten.Clip) -> None:
    assert clip.lossy is not None
    with pytest.raises(gaplisten.BadArgument, match="lost, gaps"):
        gaplisten.measure_gaps(clip.reference, clip.lossy, None, RATE)
    with pytest.raises(gaplisten.BadArgument, match="lost, gaps"):
        gaplisten.conceal(clip.lossy, None, RATE, "repeat_fade")
    with pytest.raises(gaplisten.BadArgument, match="lost, gaps"):
        gaplisten.plot_gap({"a": clip.lossy}, 1, RATE)


def test_a_trace_may_be_named_by_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0\n0\n1\n0\n0\n1\n1\n0\n0\n0\n")
    found = gaplisten.read_trace(str(tmp_path / "a.txt"))
    assert int(found.lost.sum()) == 3
    with pytest.raises(gaplisten.BadArgument, match="packets: are -1"):
        gaplisten.read_trace(tmp_path / "a.txt", packets=-1)


def test_a_picture_is_saved_by_its_suffix(clip: gaplisten.Clip, tmp_path: Path) -> None:
    picture = gaplisten.plot_gap(clip, 2)
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        picture.save(str(tmp_path / f"gap{suffix}"))
        assert (tmp_path / f"gap{suffix}").read_bytes().startswith(start)
    with pytest.raises(gaplisten.GaplistenError, match=r"\.gif"):
        picture.save(tmp_path / "gap.gif")
    with pytest.raises(gaplisten.GaplistenError, match="it has gaps 1 to 2"):
        gaplisten.plot_gap(clip, 3)


def test_without_pandas_a_table_says_what_to_install(
    clip: gaplisten.Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *others)

    assert clip.rate == RATE
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(gaplisten.GaplistenError, match=r"gaplisten\[notebook\]"):
        _ = clip.gaps


def test_what_a_plugin_prints_is_a_warning(clip: gaplisten.Clip, tmp_path: Path) -> None:
    plugin = tmp_path / "chatty.py"
    plugin.write_text(CHATTY)
    assert clip.lossy is not None
    with pytest.warns(gaplisten.GaplistenWarning, match="chatty: hello"):
        gaplisten.conceal(clip.lossy, clip.lost, RATE, plugin)


def test_a_plugin_that_fails_brings_its_traceback(clip: gaplisten.Clip, tmp_path: Path) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text(CHATTY.replace('print("hello")', "1 / 0"))
    assert clip.lossy is not None
    with pytest.raises(gaplisten.GaplistenError) as caught:
        gaplisten.conceal(clip.lossy, clip.lost, RATE, str(plugin))
    assert any("ZeroDivisionError" in note for note in caught.value.__notes__)
