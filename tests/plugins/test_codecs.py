"""The bundled codecs: each on the clip's clock, concealing, and saying what it cannot do or lacks."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.entries import Limits
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace, apply_loss
from kit import harness
from kit.plugin_folder import bundled
from kit.plugin_speech import quality, speech

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"
LIBRARIES = {
    "opus": ["opus_library"],
    "opus_deep": ["opus_library", "find_package", "find_node"],
    "lc3": ["lc3_library"],
    "speex": ["speex_library"],
    "amr_wb": ["encoder_lib", "decoder_lib"],
    "spandsp_plc": ["spandsp_library"],
}
CODECS = ("opus", "opus_deep", "lc3", "speex", "amr_wb")


def codec(name: str) -> ModuleType:
    """Load a codec, or skip with what it says that it lacks."""
    module = harness.load(name)
    try:
        for find in LIBRARIES[name]:
            getattr(module, find)()
    except ValueError as error:
        pytest.skip(str(error))
    return module


@pytest.fixture(autouse=True)
def node_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the decoder with deep PLC be found where `run.py test` puts it."""
    if NODE_MODULES.is_dir():
        monkeypatch.setenv("NODE_PATH", str(NODE_MODULES))


def band(sound: np.ndarray) -> np.ndarray:
    """Return the sound without what codecs' high-pass filters turn: below some 200 Hz."""
    spectrum = np.fft.rfft(sound)
    spectrum[: round(200 * len(sound) / 16000)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(sound)))


def lag(reference: np.ndarray, version: np.ndarray, most: int = 80) -> int:
    """Return by how many frames a version is late, going by what is above 200 Hz."""
    product = np.fft.rfft(band(version)) * np.conj(np.fft.rfft(band(reference)))
    correlation = np.fft.irfft(product)
    lags = np.arange(-most, most + 1)
    return int(lags[np.argmax(correlation[lags])])


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_lies_on_the_clip_s_clock(name: str) -> None:
    signal = speech(seconds=1.0)
    out = harness.code(codec(name), signal, np.zeros(50, bool), 16000, 320)
    assert abs(lag(signal, out)) <= 3  # Speex' stated look-ahead is some 0.2 ms more than it takes
    assert np.corrcoef(band(signal), band(out))[0, 1] > 0.85


@pytest.mark.parametrize("name", CODECS)
def test_a_lost_packet_after_speech_is_concealed_and_what_follows_recovers(name: str) -> None:
    signal = speech(seconds=1.0)
    module = codec(name)
    lost = np.zeros(50, bool)
    loud = int(np.argmax((signal[: 40 * 320].reshape(40, 320)[5:] ** 2).sum(axis=1))) + 5
    lost[loud] = True
    free, out = (harness.code(module, signal, flags, 16000, 320) for flags in (lost & False, lost))
    start = loud * 320
    assert not np.array_equal(free[start : start + 320], out[start : start + 320])
    np.testing.assert_array_equal(free[: start - 320], out[: start - 320])
    least = 0.0 if name == "amr_wb" else 0.05  # the open AMR-WB decoder is nearly silent at once
    assert (out[start : start + 320] ** 2).mean() > least * (signal[start : start + 320] ** 2).mean()
    later = slice(start + 8 * 320, None)
    assert quality(free[later], out[later]) > 5


@pytest.mark.parametrize("name", CODECS)
def test_packets_of_another_length_are_refused_with_the_lengths_there_are(name: str) -> None:
    module = codec(name)
    for cls in (module.Encoder, module.Decoder):
        with pytest.raises(ValueError, match=r"\b20\b|frames of 10 ms"):
            cls(16000, 333, 1)


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
def test_opus_codes_at_each_of_its_rates(rate: int) -> None:
    signal = speech(rate)
    out = harness.code(codec("opus"), signal, np.zeros(100, bool), rate, rate // 50, application="audio")
    assert quality(signal, out) > 6
    assert quality(signal[20:], out[:-20]) < quality(signal, out)


def test_opus_takes_two_channels() -> None:
    signal = np.stack([speech(48000), speech(48000, name="demo2")], axis=1)
    out = harness.code(codec("opus"), signal, harness.random_loss(30, 0.2, 1), 48000, 960, bitrate=96)
    assert out.shape == signal.shape
    assert quality(signal[:, 0], out[:, 0]) > quality(signal[:, 1], out[:, 0])


def test_opus_repairs_a_lost_packet_from_the_next_one_a_packet_later() -> None:
    module = codec("opus")
    signal = speech(seconds=2.0)
    lost = harness.random_loss(100, 0.1, 3)
    plain, repaired = (
        harness.code(module, signal, lost, 16000, 320, expected_loss=20, fec=fec) for fec in (False, True)
    )
    decoder = module.Decoder(16000, 320, 1, fec=True)
    assert decoder.delay == 320
    gone = np.repeat(lost, 320)[: len(signal)]
    assert (
        quality(band(signal)[gone], band(repaired)[gone]) > quality(band(signal)[gone], band(plain)[gone]) + 3
    )


def test_opus_says_that_fec_needs_an_expected_loss() -> None:
    with pytest.raises(ValueError, match="no loss is expected; set expected_loss"):
        codec("opus").Encoder(16000, 320, 1, fec=True)


def carried_by_av() -> Path:
    package = importlib.util.find_spec("av")
    if package is None or package.origin is None:
        pytest.skip("the package av is not installed")
    return next(Path(package.origin).parent.with_name("av.libs").glob("*opus*"))


def test_deep_plc_is_tried_and_not_guessed_from_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    module = codec("opus")
    library = carried_by_av()
    signal = speech(seconds=1.0)
    lost = harness.random_loss(50, 0.2, 1)
    simple, deep = (
        harness.code(module, signal, lost, 16000, 320, decoder_complexity=each, library=library)
        for each in (0, 10)
    )
    said = capsys.readouterr().out
    assert ("was built without deep PLC" in said) == np.array_equal(simple, deep)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of libraries that were opened; the system has none of them."""
    opened: list[str] = []
    real = ctypes.CDLL

    def only_files(name: str) -> ctypes.CDLL:
        if "/" not in name:
            raise OSError(name)
        opened.append(name)
        return real(name)

    monkeypatch.setattr(ctypes, "CDLL", only_files)
    return opened


def test_the_library_that_a_package_carries_is_used_where_the_system_has_none(opened: list[str]) -> None:
    carried = carried_by_av()
    module = harness.load("opus")
    module.Encoder(16000, 320, 1)
    assert opened == [str(carried)]


def test_the_liblc3_of_its_package_is_used_where_the_system_has_none(opened: list[str]) -> None:
    if not importlib.util.find_spec("lc3"):
        pytest.skip("lc3py is not installed")
    module = harness.load("lc3")
    module.Encoder(16000, 160, 1)
    assert len(opened) == 1
    assert "site-packages" in Path(opened[0]).parts


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("opus", r"libopus is missing; .*apt install libopus0.*pip install av"),
        ("opus_deep", r"libopus is missing; .*apt install libopus0.*pip install av"),
        (
            "lc3",
            r"liblc3 is missing; .*13: apt install liblc3-1; .*12: .*liblc3-0.*pip install lc3py",
        ),
        ("speex", r"libspeex is missing; .*apt install libspeex1"),
        ("amr_wb", r"vo-amrwbenc is missing; .*apt install libvo-amrwbenc0 libopencore-amrwb0"),
    ],
)
def test_without_its_library_a_codec_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    def none(name: str) -> ctypes.CDLL:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", none)
    with pytest.raises(ValueError, match=words):
        harness.load(name).Encoder(16000, 320, 1)


@pytest.mark.parametrize("name", ["opus", "lc3", "speex"])
def test_a_library_that_is_none_is_named(name: str, tmp_path: Path) -> None:
    module = harness.load(name)
    with pytest.raises(ValueError, match="is not there; name a lib"):
        module.Decoder(16000, 320, 1, library=tmp_path / "none.so")
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(ValueError, match=r"text\.so is no lib"):
        module.Decoder(16000, 320, 1, library=tmp_path / "text.so")


@pytest.mark.parametrize(("frame", "packet"), [("10", 160), ("10", 480), ("7.5", 120), ("7.5", 480)])
def test_lc3_packets_are_one_frame_or_several(frame: str, packet: int) -> None:
    module = codec("lc3")
    signal = speech(seconds=1.0)
    payload = module.Encoder(16000, packet, 1, frame=frame, bitrate=64).encode(signal[:packet, None])
    assert len(payload) == round(64 * 1000 * packet / 16000 / 8)
    out = harness.code(module, signal, np.zeros(200, bool), 16000, packet, frame=frame, bitrate=64)
    assert lag(signal, out) == 0
    assert quality(signal, out) > 10


def test_lc3_names_the_bit_rates_of_its_frame() -> None:
    with pytest.raises(ValueError, match=r"LC3 has 21\.3 to 426\.7 kbit/s at this frame"):
        codec("lc3").Encoder(16000, 120, 1, frame="7.5", bitrate=16)


@pytest.mark.parametrize("name", ["speex", "amr_wb"])
def test_more_bits_sound_nearer_to_the_speech(name: str) -> None:
    module = codec(name)
    signal = speech(seconds=1.5)
    values = {
        "speex": ({"quality": 2}, {"quality": 10}),
        "amr_wb": ({"bitrate": "6.6"}, {"bitrate": "23.85"}),
    }
    low, high = (
        quality(band(signal), band(harness.code(module, signal, np.zeros(75, bool), 16000, 320, **each)))
        for each in values[name]
    )
    assert high > low + 2


def test_amr_wb_never_decodes_what_a_lost_packet_held() -> None:
    """Some decoders look into the payload in spite of the flag that it is bad."""
    module = codec("amr_wb")
    signal = speech(seconds=1.0)
    lost = np.zeros(50, bool)
    lost[[20, 21, 22, 30]] = True
    other = signal.copy()
    for packet in np.flatnonzero(lost):
        other[packet * 320 : (packet + 1) * 320] *= -1
    out = harness.code(module, signal, lost, 16000, 320)
    assert quality(signal[20 * 320 : 23 * 320], out[20 * 320 : 23 * 320]) < 3
    assert np.isfinite(harness.code(module, other, lost, 16000, 320)).all()


def test_spandsp_repeats_the_pitch_and_leaves_received_speech_alone() -> None:
    module = codec("spandsp_plc")
    t = np.arange(8000)
    tone = (0.3 * np.sin(2 * np.pi * 200 * t / 8000)).astype(np.float32)
    lost = np.zeros(50, bool)
    lost[20] = True
    out = harness.conceal(module, tone, lost, 8000, 160)
    gap = slice(20 * 160, 21 * 160)
    assert quality(tone[gap], out[gap]) > 10
    allowed = np.zeros(8000, bool)
    allowed[20 * 160 : 22 * 160] = True
    np.testing.assert_allclose(out[~allowed], tone[~allowed], atol=1 / 32768)


def test_the_deep_decoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = harness.load("opus_deep")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match=r"Node\.js is missing; install Node\.js"):
        module.Decoder(16000, 320, 1)
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/node")
    with pytest.raises(ValueError, match=r"holds no npm package @wasm-audio-decoders/opus-ml; .*npm install"):
        module.Decoder(16000, 320, 1, package=tmp_path)


def test_deep_plc_differs_from_the_classical_one_and_its_post_filters_change_received_speech() -> None:
    module = codec("opus_deep")
    signal = speech(seconds=1.0)
    lost = np.zeros(50, bool)
    lost[[15, 16, 30]] = True
    classical, deep, lace, nolace = (
        harness.code(module, signal, lost, 16000, 320, decoder=each)
        for each in ("classical", "deep", "lace", "nolace")
    )
    received, gone = slice(0, 14 * 320), slice(15 * 320, 17 * 320)
    np.testing.assert_allclose(deep[received], classical[received], atol=2e-3)
    assert np.abs(deep[gone] - classical[gone]).max() > 0.01
    for one, other in ((deep, lace), (lace, nolace)):
        assert np.abs(one[received] - other[received]).max() > 0.002


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node_starts_under_the_memory_limit_of_a_plugin_s_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec("opus_deep")
    signal = Signal(speech(seconds=0.4)[:, None], 16000)
    trace = LossTrace.of_packets(harness.random_loss(20, 0.2, 1), 320, 16000)
    with Runner(workers=2, limits=Limits(least_seconds=90)) as runner:
        made = runner.submit(
            bundled(tmp_path, "opus_deep"), {}, apply_loss(signal, trace), trace, reference=signal
        ).result(120)
    assert made.signal.samples.any()
    assert not [line for line in made.messages if "left" in line]
