"""Codecs in the loop: what each half is given, what is dropped between them, what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.describing import describe
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.errors import ConcealerFailed, NotAPlugin
from gaplisten.concealers.loading import load
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.concealers.starter import write_starter
from gaplisten.loss.trace import LossTrace, apply_loss
from kit.plugin_folder import QUICK, entry_of, losses, noise, write

SOUND = noise()
TRACE = losses(SOUND)
LOSSY = apply_loss(SOUND, TRACE)

# Payloads are float32 samples; each half writes down what it was given and where it lived.
PLAIN = """
import os, sys
import numpy as np
{head}
class Encoder:
    delay = {encoder_delay}
    def __init__(self, rate, packet_frames, channels, *, gain: float = 1.0{encoder_more}):
        self.gain, self.held = np.float32(gain), np.zeros((self.delay, channels), np.float32)
        print("encoder", os.getpid(), rate, packet_frames, channels)
    def encode(self, samples):
        joined = np.concatenate((self.held, samples * self.gain))
        self.held = joined[len(samples):]
        return joined[:len(samples)].tobytes()
class Decoder:
    delay = {decoder_delay}
    def __init__(self, rate, packet_frames, channels{decoder_more}):
        self.shape, self.held = (packet_frames, channels), np.zeros((self.delay, channels), np.float32)
        print("decoder", os.getpid(), rate, packet_frames, channels)
    def decode(self, payload):
        new = np.zeros(self.shape, np.float32)
        if payload is not None:
            new = np.frombuffer(payload, "<f4").reshape(self.shape)
        joined = np.concatenate((self.held, new))
        self.held = joined[self.shape[0]:]
        return joined[:self.shape[0]]
"""


def plain(
    folder: Path,
    head: str = "",
    delays: tuple[int, int] = (0, 0),
    encoder_more: str = "",
    decoder_more: str = "",
) -> Entry:
    words = {"encoder_delay": delays[0], "decoder_delay": delays[1], "head": head}
    return entry_of(
        folder, "plain", PLAIN.format(**words, encoder_more=encoder_more, decoder_more=decoder_more)
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(workers=2, limits=QUICK) as made:
        yield made


def heard(
    runner: Runner, entry: Entry, sound: Signal = SOUND, trace: LossTrace = TRACE, **parameters: object
) -> Concealed:
    return runner.submit(entry, parameters, apply_loss(sound, trace), trace, reference=sound).result(60)


def test_the_reference_is_coded_and_the_payloads_of_lost_packets_are_dropped(
    runner: Runner, tmp_path: Path
) -> None:
    made = heard(runner, plain(tmp_path), gain=0.5)
    assert np.array_equal(made.signal.samples, LOSSY.samples * np.float32(0.5))
    assert made.coding is not None
    assert (made.coding.payloads, made.coding.dropped, made.coding.largest) == (25, 3, 1280)
    assert made.coding.kbit_s == pytest.approx(512.0)
    assert made.remarks == ("512 kbit/s", "0 ms delay")


def test_without_loss_the_codec_alone_is_heard(runner: Runner, tmp_path: Path) -> None:
    made = heard(runner, plain(tmp_path), loss="none")
    assert np.array_equal(made.signal.samples, SOUND.samples)
    assert made.coding is not None
    assert made.coding.dropped == 0


def test_the_halves_live_in_two_processes(runner: Runner, tmp_path: Path) -> None:
    said = [line.split() for line in heard(runner, plain(tmp_path)).messages]
    assert [words[0] for words in said] == ["encoder", "decoder"]
    assert said[0][1] != said[1][1]
    assert said[0][2:] == said[1][2:] == ["16000", "320", "1"]


@pytest.mark.parametrize("delays", [(104, 0), (0, 320), (80, 15), (321, 700), (0, 3200)])
def test_the_delays_of_both_halves_are_removed_however_long(
    runner: Runner, tmp_path: Path, delays: tuple[int, int]
) -> None:
    made = heard(runner, plain(tmp_path, delays=delays), loss="none")
    assert np.array_equal(made.signal.samples, SOUND.samples)
    assert made.delay_frames == sum(delays)


# The pattern is told with all bits turned, and looked for byte by byte: the search must put neither it nor an
# array with all bits turned back there itself.
SEARCH = """
    def seen(self, payload):
        turned = bytes.fromhex(self.turned)
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                places, rights = line.split()[:2]
                start, stop = (int(place, 16) for place in places.split("-"))
                if not rights.startswith("rw") or stop - start > 1 << 28:
                    continue
                try:
                    memory.seek(start)
                    held = np.frombuffer(memory.read(stop - start), np.uint8)
                except OSError:
                    continue
                at = np.flatnonzero(held[: max(held.size - len(turned), 0)] == turned[0] ^ 255)
                for step, byte in enumerate(turned):
                    at = at[held[at + step] == byte ^ 255]
                if at.size:
                    return True
        return False
"""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="looks through /proc")
def test_lost_speech_is_nowhere_in_the_decoder_s_process(runner: Runner, tmp_path: Path) -> None:
    text = PLAIN.format(
        head="", encoder_delay=0, decoder_delay=0, encoder_more="", decoder_more=', *, turned: str = ""'
    )
    text = text.replace('print("decoder"', 'self.turned, self.count = turned, 0; print("decoder"')
    text = text.replace(
        "        new = np.zeros",
        "        self.count += 1\n"
        '        if self.count == 20: print("found" if self.seen(payload) else "not found")\n'
        "        new = np.zeros",
    )
    entry = entry_of(tmp_path, "spy", text + SEARCH)

    def looked_for(packet: int) -> str:
        piece = SOUND.samples[packet * 320 : packet * 320 + 40]
        turned = bytes(byte ^ 255 for byte in piece.tobytes()).hex()
        return heard(runner, entry, turned=turned).messages[-1]

    assert looked_for(10) == "found"
    assert [looked_for(packet) for packet in (3, 4, 9)] == ["not found"] * 3


def test_each_half_gets_the_parameters_that_it_names(tmp_path: Path) -> None:
    more = ", frame: float = 10.0, bits: int = 3", ", *, frame: float = 10.0, soft: bool = False"
    entry = plain(tmp_path, encoder_more=more[0], decoder_more=more[1])
    assert [parameter.name for parameter in entry.parameters] == ["gain", "frame", "bits", "soft", "loss"]
    assert entry.parameter("loss").choices == ("trace", "none")  # type: ignore[union-attr]
    with Runner(workers=1, limits=QUICK) as runner:
        assert heard(runner, entry, frame=7.5, bits=2, soft=True).coding is not None


def test_parameters_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAPlugin, match="parameter 'frame' is not the same where it stands twice"):
        plain(tmp_path, encoder_more=", frame: float = 10.0", decoder_more=", *, frame: int = 10")
    with pytest.raises(NotAPlugin, match="cannot be called 'loss'"):
        plain(tmp_path, encoder_more=", loss: float = 10.0")


def test_a_file_with_one_half_says_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path, "half", "class Encoder:\n    def encode(self, samples): return b''")
    with pytest.raises(NotAPlugin, match=r"nor classes 'Encoder' \(encode\) and 'Decoder' \(decode\)"):
        describe(load(path))


def test_a_clip_without_reference_is_refused_with_that_reason(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(ConcealerFailed, match="needs the undamaged speech, and this clip has none"):
        runner.submit(plain(tmp_path), {}, LOSSY, TRACE).result(30)


def test_a_half_that_names_no_delay_has_none(runner: Runner, tmp_path: Path) -> None:
    text = PLAIN.format(head="", encoder_delay=0, decoder_delay=0, encoder_more="", decoder_more="")
    entry = entry_of(tmp_path, "plain", text.replace("    delay = 0\n", "").replace("self.delay", "0"))
    made = heard(runner, entry, loss="none")
    assert made.delay_frames == 0
    assert np.array_equal(made.signal.samples, SOUND.samples)


def test_a_codec_at_another_rate_stays_on_the_clip_s_clock(runner: Runner, tmp_path: Path) -> None:
    entry = plain(tmp_path, "rates = (8000,)", delays=(40, 8))
    made = heard(runner, entry, loss="none")
    assert made.resampled
    assert made.work_rate == 8000
    assert made.delay_frames == 96
    low = resample(resample(SOUND, 8000), 16000).samples
    np.testing.assert_allclose(made.signal.samples, low, atol=1e-4)
    assert made.coding is not None
    assert made.coding.kbit_s == pytest.approx(256.0)


def test_channels_are_coded_together_or_each_alone(runner: Runner, tmp_path: Path) -> None:
    stereo = noise(channels=2, seed=4)
    for folder, head, groups in ((tmp_path / "one", "", 1), (tmp_path / "two", "channels = 1", 2)):
        made = heard(runner, plain(folder, head), stereo)
        assert np.array_equal(made.signal.samples, apply_loss(stereo, TRACE).samples)
        assert made.coding is not None
        assert (made.coding.payloads, made.coding.dropped) == (25 * groups, 3 * groups)
        assert made.coding.kbit_s == pytest.approx(1024.0)


def test_gaps_off_the_packets_drop_all_packets_they_touch_and_say_so(runner: Runner, tmp_path: Path) -> None:
    trace = LossTrace.of_spans([(1000, 1100), (3250, 3600)], SOUND.frames, 16_000)
    made = heard(runner, plain(tmp_path), SOUND, trace)
    silent = made.signal.samples[:, 0] == 0
    assert np.flatnonzero(silent).tolist() == [*range(960, 1120), *range(3200, 3680)]
    assert made.messages[0] == (
        "gaps lie off the packets: the 4 packets of 10 ms that they touch were dropped"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("return joined[:len(samples)].tobytes()", "return joined"), "encode returned ndarray for packet 0"),
        (("return joined[:self.shape[0]]", "return joined[:5]"), r"returned shape \(5, 1\) for packet 0"),
        (
            ("np.zeros(self.shape, ", "np.full(self.shape, np.nan, "),
            "packet 3",
        ),
        (
            ("def encode(self, samples):", "def encode(self, samples):\n        raise OSError('no bits')"),
            "no bits",
        ),
    ],
)
def test_what_a_half_does_wrong_is_said(
    runner: Runner, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    text = PLAIN.format(head="", encoder_delay=0, decoder_delay=0, encoder_more="", decoder_more="")
    assert change[0] in text
    with pytest.raises(ConcealerFailed, match=words):
        heard(runner, entry_of(tmp_path, "wrong", text.replace(*change)))


def test_empty_payloads_arrive_as_such(runner: Runner, tmp_path: Path) -> None:
    text = PLAIN.format(head="", encoder_delay=0, decoder_delay=0, encoder_more="", decoder_more="")
    text = text.replace("return joined[:len(samples)].tobytes()", "return b''")
    text = text.replace(
        'np.frombuffer(payload, "<f4").reshape(self.shape)', "np.ones(self.shape, np.float32)"
    )
    made = heard(runner, entry_of(tmp_path, "dtx", text))
    assert np.array_equal(made.signal.samples[:, 0] == 0, TRACE.mask(SOUND.frames))
    assert made.coding is not None
    assert made.coding.kbit_s == 0


def test_a_kept_result_is_one_of_reference_loss_and_parameters(tmp_path: Path) -> None:
    entry = plain(tmp_path)
    other = noise(seed=8)
    with Runner(workers=2, limits=QUICK, cache=Cache(tmp_path / "kept")) as runner:
        first = heard(runner, entry)
        again = heard(runner, entry)
        assert (first.cached, again.cached) == (False, True)
        assert again.coding == first.coding
        assert again.remarks == first.remarks
        assert not heard(runner, entry, loss="none").cached
        assert not runner.submit(entry, {}, LOSSY, TRACE, reference=other).result(30).cached


def test_the_starter_of_a_codec_works_as_it_is(runner: Runner, tmp_path: Path) -> None:
    path = write_starter("my_codec", "codec", tmp_path)
    entry = entry_of(tmp_path, "my_codec", path.read_text(encoding="utf-8"))
    made = heard(runner, entry, bits=12)
    received = ~TRACE.mask(SOUND.frames)
    np.testing.assert_allclose(made.signal.samples[received], SOUND.samples[received], atol=1e-3)
