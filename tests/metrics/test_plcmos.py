"""PLC-MOS: the published scores, exactly, and fast for a reason that does not change them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.signal import Signal
from gaplisten.metrics import plcmos
from gaplisten.metrics.catalogue import score

pytestmark = pytest.mark.xdist_group("metrics")

pytest.importorskip("onnxruntime")
pytest.importorskip("speechmos")


@pytest.fixture(autouse=True)
def _fresh_model():
    plcmos._model.cache_clear()
    yield
    plcmos._model.cache_clear()


def speech_like(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """Noise in bursts with stretches of exact silence, float32 at 16 kHz."""
    noise = np.random.default_rng(seed)
    frames = int(seconds * plcmos.RATE)
    samples = noise.standard_normal(frames) * 0.1 * (np.sin(np.arange(frames) / 1500) > 0)
    return np.clip(samples, -1, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "published"), [("clean", 4.497762), ("plc_good", 4.123963), ("plc_poor", 2.740757)]
)
def test_the_published_scores_are_reproduced(real_clips: Path, name: str, published: float):
    samples, rate = soundfile.read(real_clips / "plc_challenge_examples" / f"{name}.wav", dtype="float32")
    assert score("plcmos", Signal.of(samples, rate)).value == pytest.approx(published, abs=2e-6)


def test_scoring_leaves_numpys_global_generator_alone():
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    score("plcmos", Signal.of(speech_like(), plcmos.RATE))
    assert np.array_equal(np.random.get_state()[1], before)


def test_a_score_does_not_depend_on_what_was_scored_before():
    first = Signal.of(speech_like(seed=1), plcmos.RATE)
    alone = score("plcmos", first).value
    score("plcmos", Signal.of(speech_like(3.0, seed=2), plcmos.RATE))
    assert score("plcmos", first).value == alone


@pytest.mark.parametrize("frames", [16000, 16001, 16127, 16128, 16255, 1, 511])
def test_the_spectra_equal_those_of_the_release(frames: int):
    released = pytest.importorskip("speechmos.plcmos").PLCMOS()
    samples = speech_like(frames / plcmos.RATE + 0.1)[:frames]
    wanted = np.float32(released.stft_transform(samples))
    found = plcmos.log_spectra(samples)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-6


def test_the_spectra_of_silence_equal_those_of_the_release():
    released = pytest.importorskip("speechmos.plcmos").PLCMOS()
    silence = np.zeros(4000, np.float32)
    assert np.array_equal(plcmos.log_spectra(silence), np.float32(released.stft_transform(silence)))


def test_the_split_model_scores_like_the_whole_one():
    features = plcmos.log_spectra(speech_like())[np.newaxis, np.newaxis]
    split = plcmos.split_model()
    assert split is not None
    np.testing.assert_allclose(split(features), plcmos.WholeModel()(features), atol=1e-5)


def test_the_pieces_are_kept_and_used_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    assert plcmos.split_model() is not None
    kept = sorted(path.name for path in (home / "cache" / "models").iterdir())
    assert [name.split("-")[2] for name in kept] == ["encoder.onnx", "tail.onnx"]
    monkeypatch.setattr(plcmos, "_split", lambda path: pytest.fail("split again"))
    assert plcmos.split_model() is not None


def test_a_broken_kept_piece_does_not_change_the_score(home: Path):
    signal = Signal.of(speech_like(), plcmos.RATE)
    wanted = score("plcmos", signal).value
    for piece in (home / "cache" / "models").iterdir():
        piece.write_bytes(b"not a model")
    plcmos._model.cache_clear()
    assert score("plcmos", signal).value == pytest.approx(wanted, abs=1e-5)


def test_without_onnx_the_whole_model_gives_the_same_score(monkeypatch: pytest.MonkeyPatch):
    signal = Signal.of(speech_like(), plcmos.RATE)
    wanted = score("plcmos", signal).value
    plcmos._model.cache_clear()
    monkeypatch.setattr(plcmos, "split_model", lambda: None)
    assert score("plcmos", signal).value == pytest.approx(wanted, abs=1e-5)


def test_the_split_is_refused_without_onnx(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plcmos, "is_installed", lambda name: name != "onnx")
    assert plcmos.split_model() is None


def test_a_cache_that_cannot_be_written_is_done_without(home: Path):
    (home / "cache").parent.mkdir(parents=True, exist_ok=True)
    (home / "cache").write_text("a file where the folder should be")
    assert plcmos.split_model() is not None
