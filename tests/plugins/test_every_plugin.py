"""What each bundled concealer must do, whatever it is given."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from kit import harness
from kit.plugin_speech import speech

CLASSICAL = (
    "zero_fill",
    "repeat_fade",
    "g711_appendix1",
    "wsola",
    "burg_extrapolation",
    "lpc_noise",
    "janssen_oracle",
    "gaplisten_hybrid",
)
FORMS = [(8000, 80), (16000, 320), (44100, 512), (48000, 960), (16000, 40)]
# Frames of received speech that may change, in ms: before a loss and after it.
MAY_CHANGE_MS = {
    "zero_fill": (0, 0),
    "repeat_fade": (0, 5),
    "g711_appendix1": (3.75, 10),
    "wsola": (0, 5),
    "burg_extrapolation": (0, 5),
    "lpc_noise": (0, 5),
    "janssen_oracle": (0, 0),
    "gaplisten_hybrid": (0, 0),
}


@pytest.fixture(params=CLASSICAL)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("rate", "packet"), FORMS)
def test_any_rate_and_packet_give_finite_speech_of_the_same_length(name: str, rate: int, packet: int) -> None:
    signal = speech(rate, 0.3)
    lost = harness.random_loss(-(-len(signal) // packet), 0.25, 3)
    lost[:1], lost[-1:] = True, True  # the first packet, and the last, which is partial
    out = harness.conceal(harness.load(name), signal, lost, rate, packet)
    assert out.shape == signal.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 2 * np.abs(signal).max()


def test_without_loss_every_sample_is_untouched(name: str) -> None:
    signal = speech()[:9000]
    out = harness.conceal(harness.load(name), signal, np.zeros(29, bool), 16000, 320)
    np.testing.assert_array_equal(out, signal)


def test_received_speech_changes_only_in_the_documented_places(name: str) -> None:
    signal, packet = speech(), 320
    lost = np.zeros(-(-len(signal) // packet), bool)
    lost[[8, 15, 16, 17, 24]] = True
    out = harness.conceal(harness.load(name), signal, lost, 16000, packet)
    before, after = (round(16 * ms) for ms in MAY_CHANGE_MS[name])
    allowed = np.repeat(lost, packet)[: len(signal)]
    for edge in np.flatnonzero(np.diff(allowed.astype(int))) + 1:
        allowed = allowed.copy()
        starts = bool(np.repeat(lost, packet)[edge])
        allowed[edge - before : edge] |= starts
        allowed[edge : edge + after] |= not starts
    np.testing.assert_array_equal(out[~allowed], signal[~allowed])


def test_two_channels_are_concealed_as_each_alone(name: str) -> None:
    left, right = speech()[:6400], speech(name="demo2")[:6400]
    lost = harness.random_loss(20, 0.3, 1)
    module = harness.load(name)
    both = harness.conceal(module, np.stack([left, right], axis=1), lost, 16000, 320)
    np.testing.assert_allclose(both[:, 0], harness.conceal(module, left, lost, 16000, 320), atol=1e-6)
    if name != "lpc_noise":  # its two channels must not share one noise's place
        np.testing.assert_allclose(both[:, 1], harness.conceal(module, right, lost, 16000, 320), atol=1e-6)


def test_silence_stays_silence(name: str) -> None:
    out = harness.conceal(
        harness.load(name), np.zeros(6400, np.float32), harness.random_loss(20, 0.5, 0), 16000, 320
    )
    assert np.abs(out).max() < 1e-5


def test_a_clip_that_is_lost_as_a_whole_is_silence(name: str) -> None:
    out = harness.conceal(harness.load(name), speech()[:6400], np.ones(20, bool), 16000, 320)
    assert np.abs(out).max() == 0


def test_steady_and_extreme_signals_stay_finite_and_bounded(name: str) -> None:
    t = np.arange(6400)
    lost = np.zeros(20, bool)
    lost[[5, 9, 10, 11, 12, 13]] = True
    for signal in (
        np.ones(6400),
        np.sin(0.3 * t),
        np.sign(np.sin(0.05 * t)),
        (t == 1500) * 1.0,
        1e-6 * np.sin(t),
    ):
        out = harness.conceal(harness.load(name), signal.astype(np.float32), lost, 16000, 320)
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 2


def test_the_same_input_gives_the_same_output(name: str) -> None:
    lost = harness.random_loss(20, 0.3, 2)
    module = harness.load(name)
    runs = [harness.conceal(module, speech()[:6400], lost, 16000, 320) for _ in range(2)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("silent_first", [p for p in CLASSICAL if p not in ("zero_fill", "janssen_oracle")])
def test_a_lost_packet_after_speech_is_not_silent(silent_first: str) -> None:
    signal = speech()[4000:8000]
    lost = np.zeros(13, bool)
    lost[6] = True
    out = harness.conceal(harness.load(silent_first), signal, lost, 16000, 320)
    gap = slice(6 * 320, 7 * 320)
    assert np.sqrt((out[gap] ** 2).mean()) > 0.25 * np.sqrt((signal[gap] ** 2).mean())


@pytest.mark.parametrize("path", sorted(harness.PLUGINS.glob("*.py")), ids=lambda path: path.stem)
def test_a_plugin_file_needs_nothing_but_numpy_to_be_imported(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] in allowed
    assert "gaplisten." not in path.read_text(encoding="utf-8").replace("gaplisten.concealers", "")
    assert "Source:" in str(ast.get_docstring(tree))
