"""Metrics with a reference have known values for known damage; DNSMOS equals its release."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.metrics import dnsmos
from gaplisten.metrics.catalogue import score

pytestmark = pytest.mark.xdist_group("metrics")

RATE = 16000


def noise(seed: int = 1, seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def speech(real_clips: Path) -> Signal:
    samples, rate = soundfile.read(real_clips / "challenge2022/X_CleanReference/2307.wav", dtype="float32")
    return Signal.of(samples, rate)


@pytest.mark.parametrize(("gain", "decibels"), [(0.5, 6.0206), (0.9, 20.0), (-1.0, -6.0206)])
def test_sdr_counts_a_change_of_level_as_an_error(gain: float, decibels: float):
    clean = noise()
    found = score("sdr", Signal.of(gain * clean, RATE), Signal.of(clean, RATE))
    assert found.value == pytest.approx(decibels, abs=1e-3)


def test_sdr_of_the_reference_itself_is_not_a_number():
    clean = Signal.of(noise(), RATE)
    assert score("sdr", clean, clean).reason == "equal to the reference (infinite)"


@pytest.mark.parametrize("gain", [0.5, 0.1])
def test_lsd_of_a_change_of_level_is_that_change(gain: float):
    clean = noise()
    found = score("lsd", Signal.of(gain * clean, RATE), Signal.of(clean, RATE))
    assert found.value == pytest.approx(-20 * np.log10(gain), rel=1e-3)


def test_lsd_of_the_reference_itself_is_zero():
    clean = Signal.of(noise(), RATE)
    assert score("lsd", clean, clean).value == 0.0


def test_lsd_is_bounded_where_a_packet_is_digital_silence():
    clean = noise()
    lossy = clean.copy()
    lossy[8000:8640] = 0
    found = score("lsd", Signal.of(lossy, RATE), Signal.of(clean, RATE))
    assert 0.5 < found.value < 4.0


def test_pesq_and_stoi_of_the_reference_itself_are_the_best(speech: Signal):
    pytest.importorskip("pesq")
    pytest.importorskip("pystoi")
    assert score("pesq", speech, speech).value == pytest.approx(4.6439, abs=1e-3)
    assert score("stoi", speech, speech).value == pytest.approx(1.0, abs=1e-6)


def test_pesq_is_narrowband_at_8_khz_and_wideband_at_16(speech: Signal):
    pytest.importorskip("pesq")
    from gaplisten.audio.resample import resample

    narrow = resample(speech, 8000)
    assert score("pesq", narrow, narrow).value == pytest.approx(4.5486, abs=1e-3)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("NoUtterancesError", "PESQ finds no speech in the reference or the file"),
        ("OutOfMemoryError", "PESQ gives up: why"),
    ],
)
def test_what_pesq_refuses_gives_a_reason(monkeypatch: pytest.MonkeyPatch, error: str, reason: str):
    pesq = pytest.importorskip("pesq")

    def refuse(*_):
        raise getattr(pesq, error)(b"why")

    monkeypatch.setattr(pesq, "pesq", refuse)
    signal = Signal.of(noise(), RATE)
    found = score("pesq", signal, signal)
    assert (found.reason, found.accident) == (reason, False)


def test_stoi_without_enough_speech_gives_a_reason():
    pytest.importorskip("pystoi")
    click = np.zeros(RATE, np.float32)
    click[100:1000] = 0.5
    found = score("stoi", Signal.of(click, RATE), Signal.of(click, RATE))
    assert found.reason == "the reference has too little speech for STOI"


def test_concealment_scores_above_the_gaps_it_fills(real_clips: Path, speech: Signal):
    folder = real_clips / "challenge2022"
    lossy, concealed = (
        Signal.of(*soundfile.read(folder / where / "2307.wav", dtype="float32"))
        for where in ("blind/lossy_signals", "tPLCnet")
    )
    for name in ("plcmos", "pesq", "stoi", "sdr"):
        assert score(name, concealed, speech).value > score(name, lossy, speech).value
    assert score("lsd", concealed, speech).value < score("lsd", lossy, speech).value


LONGER = [pytest.param(each, marks=pytest.mark.long) for each in (9.01, 10.0, 11.5)]


@pytest.mark.parametrize("seconds", [2.0, *LONGER])
def test_dnsmos_equals_its_release(monkeypatch: pytest.MonkeyPatch, seconds: float):
    pytest.importorskip("speechmos")
    pytest.importorskip("onnxruntime")
    # The release needs librosa for its P.808 variant only, and imports requests for nothing.
    librosa, requests = ModuleType("librosa"), ModuleType("requests")
    librosa.feature = ModuleType("feature")
    librosa.feature.melspectrogram = lambda **_: np.ones((120, 900))
    librosa.power_to_db = lambda spectrum, ref: spectrum
    requests.session = None
    monkeypatch.setitem(sys.modules, "librosa", librosa)
    monkeypatch.setitem(sys.modules, "requests", requests)
    monkeypatch.delitem(sys.modules, "speechmos.dnsmos", raising=False)
    from speechmos import dnsmos as release

    samples = noise(5, seconds)
    wanted = release.run(samples, RATE)
    signal = Signal.of(samples, RATE)
    for name, theirs in [("dnsmos", "ovrl_mos"), ("dnsmos_sig", "sig_mos"), ("dnsmos_bak", "bak_mos")]:
        assert score(name, signal).value == pytest.approx(wanted[theirs], abs=1e-4)


def test_dnsmos_hears_long_speech_once_a_second():
    assert dnsmos.excerpts(np.zeros(12 * RATE, np.float32)).shape == (3, 144160)


def test_visqol_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaplisten.metrics.material.is_installed", lambda name: name != "visqol")
    noise = Signal.of(np.random.default_rng(1).normal(0, 0.1, 32000), 16000)
    assert score("visqol", noise, noise).reason == "needs the package visqol (install gaplisten[visqol])"


@pytest.mark.long
def test_visqol_prefers_the_reference_itself_to_noise_in_it(real_clips: Path) -> None:
    pytest.importorskip("visqol")
    pytest.importorskip("ai_edge_litert")
    clean = read_signal(real_clips / "plc_challenge_examples" / "clean.wav")
    clean = Signal(clean.samples[: 3 * clean.rate], clean.rate)
    noise = np.random.default_rng(1).normal(0, 0.02, clean.samples.shape).astype(np.float32)
    same, worse = (
        score("visqol", each, clean).value for each in (clean, Signal(clean.samples + noise, clean.rate))
    )
    assert same is not None
    assert worse is not None
    assert same == pytest.approx(4.5, abs=0.2)
    assert worse < same - 0.5
