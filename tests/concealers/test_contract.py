"""The host's side of the contract: what plugins are given, and what becomes of what they return."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.audio.signal import Signal
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.rendering import lost_at, nearest_rate
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace
from kit.plugin_folder import QUICK, entry_of, losses, noise, streaming, whole_file
from kit.timing import PATIENCE

SOUND = noise()
TRACE = losses(SOUND)
RECEIVED = ~TRACE.mask(SOUND.frames)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(workers=1, limits=QUICK) as made:
        yield made


def conceal(
    runner: Runner, entry: Entry, sound: Signal = SOUND, trace: LossTrace | None = TRACE, **parameters: object
) -> Concealed:
    return runner.submit(entry, parameters, sound, trace).result(PATIENCE)


def test_received_samples_of_a_plugin_that_leaves_them_alone_are_bit_identical(
    runner: Runner, tmp_path: Path
) -> None:
    made = conceal(
        runner,
        streaming(tmp_path, "p", "return np.full(self.size, 0.125, 'f4') if samples is None else samples"),
    )
    assert np.array_equal(made.signal.samples[RECEIVED], SOUND.samples[RECEIVED])
    assert (made.signal.samples[~RECEIVED] == 0.125).all()
    assert made.altered_received == 0.0
    assert (made.signal.rate, made.signal.samples.shape) == (SOUND.rate, SOUND.samples.shape)


def test_lost_content_never_reaches_a_plugin_whatever_the_lossy_file_holds(
    runner: Runner, tmp_path: Path
) -> None:
    entry = whole_file(tmp_path, "p", "return lossy")
    made = conceal(runner, entry)
    assert not made.signal.samples[~RECEIVED].any()
    assert SOUND.samples[~RECEIVED].all()


def test_a_streaming_plugin_cannot_see_packets_to_come(runner: Runner, tmp_path: Path) -> None:
    body = (
        "return np.full(self.size, 0.5 if samples is not None and samples.base is not None else 0.25, 'f4')"
    )
    assert (conceal(runner, streaming(tmp_path, "p", body)).signal.samples == 0.25).all()


def test_a_plugin_may_keep_and_change_what_it_is_given(runner: Runner, tmp_path: Path) -> None:
    entry = whole_file(tmp_path, "p", "lossy += 0.25\nlost[:] = True\nreturn lossy")
    made = conceal(runner, entry)
    assert made.altered_received == 1.0
    assert np.array_equal(SOUND.samples, noise().samples)


def test_the_last_packet_may_be_partial(runner: Runner, tmp_path: Path) -> None:
    sound = Signal(SOUND.samples[: 320 * 4 + 7], SOUND.rate)
    trace = losses(sound, (1, 4))
    body = "assert samples is None or samples.shape == (320, 1)\nreturn np.full((320, 1), 0.5, 'f4') if samples is None else samples"
    made = conceal(
        runner,
        streaming(tmp_path, "p", f"exec({body.replace('return', 'self.y =')!r}); return self.y"),
        sound,
        trace,
    )
    assert made.signal.frames == 320 * 4 + 7
    assert (made.signal.samples[-7:] == 0.5).all()
    whole = conceal(
        runner,
        whole_file(tmp_path / "w", "w", "assert len(lossy) == 1600 and len(lost) == 5\nreturn lossy"),
        sound,
        trace,
    )
    assert whole.signal.frames == 320 * 4 + 7


@pytest.mark.parametrize(
    "trace",
    [None, losses(SOUND, ()), LossTrace.of_packets(np.zeros(0, bool), 320, 16000)],
    ids=["none", "no loss", "empty"],
)
def test_no_trace_or_no_loss_works(runner: Runner, tmp_path: Path, trace: LossTrace | None) -> None:
    made = conceal(runner, streaming(tmp_path, "p", "return samples"), SOUND, trace)
    assert np.array_equal(made.signal.samples, SOUND.samples)


DELAYED = """
import numpy as np
class Delayed:
    def __init__(self, rate, packet_frames, channels):
        self.delay = round(rate * 0.005)
        self.held = np.zeros((self.delay, channels), np.float32)
        self.size = (packet_frames, channels)
    def packet(self, samples):
        joined = np.concatenate([self.held, np.zeros(self.size, np.float32) if samples is None else samples])
        self.held = joined[self.size[0]:]
        return joined[: self.size[0]]
"""
FLUSH = """
    def flush(self):
        return self.held
"""


@pytest.mark.parametrize("flush", ["", FLUSH], ids=["pushed out by the host", "flushed"])
@pytest.mark.parametrize("frames", [8000, 8007, 100])
def test_the_declared_delay_is_removed(runner: Runner, tmp_path: Path, flush: str, frames: int) -> None:
    sound = Signal(SOUND.samples[:frames], SOUND.rate)
    made = conceal(runner, entry_of(tmp_path, "delayed", DELAYED + flush), sound, None)
    assert np.array_equal(made.signal.samples, sound.samples)
    assert made.delay_frames == 80


@pytest.mark.parametrize(
    "line",
    ["delay = 400", "delay_ms = 25.0", "def delay(rate, packet_frames): return 400"],
    ids=["frames", "ms", "function"],
)
def test_a_whole_file_plugin_s_delay_is_removed_and_its_end_comes_out(
    runner: Runner, tmp_path: Path, line: str
) -> None:
    text = f"import numpy as np\n{line}\ndef conceal(lossy, lost, rate, packet_frames): return np.roll(lossy, 400, 0)"
    made = conceal(runner, entry_of(tmp_path, "late", text), SOUND, None)
    assert np.array_equal(made.signal.samples, SOUND.samples)
    assert made.delay_frames == 400


def test_a_flush_that_is_too_short_is_refused(runner: Runner, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, "short", DELAYED + FLUSH.replace("self.held", "self.held[1:]"))
    with pytest.raises(ConcealerFailed, match="flush"):
        conceal(runner, entry)


def test_one_channel_plugins_are_called_once_per_channel(runner: Runner, tmp_path: Path) -> None:
    stereo = noise(channels=2)
    entry = entry_of(
        tmp_path,
        "mono",
        "channels = 1\ndef conceal(lossy, lost, rate, packet_frames):\n    assert lossy.shape[1] == 1\n    return lossy / abs(lossy).max()",
    )
    made = conceal(runner, entry, stereo, None).signal.samples
    peaks = np.abs(stereo.samples).max(axis=0)
    assert np.allclose(made, stereo.samples / peaks)
    assert peaks[0] != peaks[1]


def test_a_plugin_without_that_gets_all_channels(runner: Runner, tmp_path: Path) -> None:
    stereo = noise(channels=2)
    made = conceal(runner, whole_file(tmp_path, "swap", "return lossy[:, ::-1]"), stereo, None)
    assert np.array_equal(made.signal.samples, stereo.samples[:, ::-1])


def sine(rate: int, seconds: float = 0.5) -> Signal:
    return Signal.of(0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate), rate)


def test_a_plugin_that_knows_other_rates_works_at_the_nearest_and_is_marked(
    runner: Runner, tmp_path: Path
) -> None:
    text = """
    import numpy as np
    rates = (8000, 16000)
    def conceal(lossy, lost, rate, packet_frames):
        assert (rate, packet_frames) == (16000, 320)
        assert not lossy[np.repeat(lost, 320)].any()
        y = lossy.copy()
        y[np.repeat(lost, 320)] = 0.25
        return y
    """
    sound = sine(48_000, 0.51)
    trace = losses(sound)
    made = conceal(runner, entry_of(tmp_path, "wideband", text), sound, trace)
    assert made.resampled
    assert (made.signal.rate, made.signal.frames) == (48_000, sound.frames)
    middle = slice(3 * 960 + 300, 5 * 960 - 300)
    assert np.abs(made.signal.samples[middle] - 0.25).max() < 0.02
    quiet = slice(11 * 960, 24 * 960)
    assert np.abs(made.signal.samples[quiet] - sound.samples[quiet]).max() < 1e-3
    assert not conceal(runner, entry_of(tmp_path, "wideband", text), sine(16_000)).resampled


def test_delay_is_told_in_frames_of_the_clip(runner: Runner, tmp_path: Path) -> None:
    text = "import numpy as np\nrates = (16000,)\ndelay = 160\ndef conceal(lossy, lost, rate, packet_frames): return np.roll(lossy, 160, 0)"
    sound = sine(48_000)
    made = conceal(runner, entry_of(tmp_path, "late", text), sound, None)
    assert made.delay_frames == 480
    assert np.abs(made.signal.samples[500:-500] - sound.samples[500:-500]).max() < 1e-3


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [(8000, 8000), (11025, 8000), (12000, 16000), (22050, 16000), (32000, 48000), (96000, 48000)],
)
def test_the_nearest_rate_is_nearest_by_ratio(rate: int, wanted: int) -> None:
    assert nearest_rate((8000, 16000, 48000), rate) == wanted


@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.sampled_from(
        [
            (512, 44100, 16000),
            (320, 16000, 48000),
            (441, 44100, 8000),
            (480, 48000, 44100),
            (100, 8000, 22050),
        ]
    ),
)
def test_losses_keep_their_time_at_another_rate(flags: list[bool], case: tuple[int, int, int]) -> None:
    packet, rate, work = case
    lost = np.array(flags)
    frames = round(lost.size * packet * work / rate)
    found, size = lost_at(lost, packet, rate, work, frames)
    assert found.size == -(-frames // size)
    seconds = (np.arange(found.size * size) + 0.5) / work
    before = np.append(lost, False)[np.minimum((seconds * rate / packet).astype(int), lost.size)]
    after = np.repeat(found, size)
    assert after[before].all()  # nothing lost is passed off as received
    assert abs(int(after.sum()) - int(before.sum())) <= 2 * size * max(int(np.diff(flags).sum()) + 2, 2)


def test_parameters_reach_the_plugin_with_their_types(runner: Runner, tmp_path: Path) -> None:
    text = """
    from pathlib import Path
    from typing import Annotated, Literal
    def conceal(lossy, lost, rate, packet_frames, *, a: Annotated[float, {"ge": 0}] = 1, b: int = 2, c: bool = False,
                d: str = "x", e: Path = Path("."), f: Literal["u", "v"] = "u", g: float | None = None):
        print(repr((a, b, c, d, type(e).__name__, f, g)))
        return lossy
    """
    entry = entry_of(tmp_path, "typed", text)
    given = {"a": "2.5", "b": "7", "c": "true", "d": "3", "e": str(tmp_path), "f": "v", "g": "1"}
    assert conceal(runner, entry, **given).messages == ("(2.5, 7, True, '3', 'PosixPath', 'v', 1.0)",)
    assert conceal(runner, entry).messages == ("(1.0, 2, False, 'x', 'PosixPath', 'u', None)",)


def test_a_plugin_may_use_dataclasses_annotations_and_helpers(runner: Runner, tmp_path: Path) -> None:
    text = """
    from __future__ import annotations
    from dataclasses import dataclass, field
    from typing import Annotated
    import numpy as np
    @dataclass
    class _State:
        level: float = 0.5
    class _Base:
        def packet(self, samples): return samples
    class Mine(_Base):
        def __init__(self, rate: int, packet_frames: int, channels: int, *, level: Annotated[float, {"ge": 0}] = 0.5):
            self.state, self.size = _State(level), (packet_frames, channels)
        def packet(self, samples):
            return np.full(self.size, self.state.level) if samples is None else super().packet(samples)
    """
    made = conceal(runner, entry_of(tmp_path, "mine", text), level=0.25)
    assert (made.signal.samples[~RECEIVED] == 0.25).all()


def test_each_run_has_a_new_instance(runner: Runner, tmp_path: Path) -> None:
    text = "class Counting:\n    def __init__(self, rate, packet_frames, channels): self.n = 0\n    def packet(self, samples):\n        self.n += 1\n        return (samples if samples is not None else __import__('numpy').zeros((320, 1), 'f4')) * 0 + self.n / 1000"
    entry = entry_of(tmp_path, "counting", text)
    first, second = conceal(runner, entry), conceal(runner, entry)
    assert np.array_equal(first.signal.samples, second.signal.samples)


def test_time_is_measured_for_each_packet_and_for_construction_beside_them(
    runner: Runner, tmp_path: Path
) -> None:
    text = "import time\nimport numpy as np\nclass Slow:\n    def __init__(self, rate, packet_frames, channels): time.sleep(0.03)\n    def packet(self, samples): time.sleep(0.002); return np.zeros((320, 1), 'f4')"
    made = conceal(runner, entry_of(tmp_path, "p", text))
    assert made.packet_seconds.size == 25
    assert made.packet_seconds.min() >= 0.002
    assert made.seconds >= float(made.packet_seconds.sum()) + 0.03
    assert made.realtime_factor == pytest.approx(made.seconds / 0.5)


def test_progress_of_a_slow_streaming_plugin_is_told(runner: Runner, tmp_path: Path) -> None:
    from gaplisten.jobs import Job

    seen: list[float] = []

    class Watched(Job):
        def check(self, fraction: float, message: str = "") -> None:
            seen.append(fraction)
            super().check(fraction, message)

    entry = streaming(tmp_path, "p", "import time; time.sleep(0.02); return np.zeros(self.size, 'f4')")
    runner.submit(entry, {}, SOUND, TRACE, Watched()).result(PATIENCE)
    assert len(seen) >= 2
    assert seen == sorted(seen)


def test_rates_may_depend_on_parameters(runner: Runner, tmp_path: Path) -> None:
    text = """
    def rates(model=8000): return (model,)
    def conceal(lossy, lost, rate, packet_frames, *, model: int = 8000):
        print(rate)
        return lossy
    """
    entry = entry_of(tmp_path, "model", text)
    assert entry.rates == (8000,)
    made = conceal(runner, entry, model=48_000)
    assert (made.messages, made.work_rate, made.resampled) == (("48000",), 48_000, True)
    assert not conceal(runner, entry, model=16_000).resampled


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, ()), (0.0004, ("altered 0.04 %",)), (0.125, ("altered 12 %",)), (0.998, ("altered 100 %",))],
)
def test_how_much_was_altered_is_told_without_powers_of_ten(share, said):
    made = SimpleNamespace(coding=None, altered_received=share, resampled=False)
    assert Concealed.remarks.fget(made) == said
