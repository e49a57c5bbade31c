"""The control block, the shared lanes and the remembered device."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.playback import devices
from gaplisten.playback.control import (
    STATUS,
    STATUS_FIELDS,
    WORDS,
    RequestReader,
    StatusWriter,
    now_ns,
    read_status,
    wants_sound,
    write_request,
)
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.engine import Engine, Meter
from gaplisten.playback.lanes import make_ready, release
from gaplisten.playback.programme import Request
from gaplisten.playback.shared import View, block_of
from gaplisten.playback.transport import BREAKS
from kit.desk import Desk, noise
from kit.timing import PATIENCE


def words() -> np.ndarray:
    return np.zeros(WORDS, np.int64)


def publish(block: np.ndarray, breaks: list[tuple[int, int, int]] | np.ndarray, **fields: int) -> None:
    """Publish a status of these fields; the others are 0."""
    fields["break_count"] = len(breaks)
    remembered = np.zeros((BREAKS, 3), np.int64)
    remembered[: len(breaks)] = breaks
    StatusWriter(block).publish([fields.get(name, 0) for name in STATUS_FIELDS], remembered)


def test_requests_arrive_whole_and_once():
    block, request = (
        words(),
        Request(programme=3, lane=2, seek_frame=1 << 40, crossfade=-1, gain=0.12345678901),
    )
    reader = RequestReader(block)
    assert reader.read() is None
    write_request(block, request)
    assert reader.read() == request
    assert reader.read() == request  # until it is taken
    reader.take()
    assert reader.read() is None


def test_whether_sound_is_wanted_can_be_read_without_taking_the_requests():
    block = words()
    assert not wants_sound(block)
    write_request(block, Request(programme=3, playing=1))
    assert wants_sound(block)
    write_request(block, Request(programme=3, playing=0, lane=1))
    assert not wants_sound(block)
    assert RequestReader(block).read() is not None


def test_half_written_requests_are_not_seen():
    block = words()
    write_request(block, Request(programme=1))
    torn = block.copy()
    torn[4] += 1
    assert RequestReader(torn).read() is None
    torn = block.copy()
    torn[0] += 1
    assert RequestReader(torn).read() is None
    assert RequestReader(block).read() is not None


def test_requests_written_all_the_time_are_never_seen_mixed_up():
    block, stop = words(), threading.Event()

    def write() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            write_request(block, Request(*[count] * 11, float(count)))

    thread = threading.Thread(target=write)
    thread.start()
    reader, seen = RequestReader(block), 0
    end = time.monotonic() + PATIENCE
    while seen < 2000 and time.monotonic() < end:
        request = reader.read()
        if request is not None:
            assert len({float(value) for value in request}) == 1
            seen += 1
        else:
            time.sleep(0)
    stop.set()
    thread.join()
    assert seen


def test_the_position_heard_lags_by_the_latency_and_follows_loops():
    block = words()
    breaks = [(0, 500, 1), (880, 100, 1)]  # at 880 a loop went back to 100
    publish(block, breaks, began=900, delivered=1000, called_ns=10**9, rate=1000, latency_ns=50 * 10**6)
    status = read_status(block)
    assert status is not None
    assert status.heard(10**9) == (500 + 850, True)  # 50 ms before the block's first frame
    assert status.heard(10**9 + 50 * 10**6) == (100 + 20, True)
    assert status.heard(10**9 + 10**10) == (100 + 120, True)  # never beyond what was delivered


def test_the_position_heard_rests_where_playing_stopped():
    desk = Desk(noise(3000))
    desk.play()
    desk.render(500)
    desk.pause()
    desk.render(500)
    block = words()
    delivered, breaks = desk.state.delivered, desk.state.breaks[: desk.state.break_count]
    publish(block, breaks, began=delivered, delivered=delivered, rate=16000, called_ns=now_ns())
    status = read_status(block)
    assert status is not None
    assert status.heard() == (580, False)


class Flags:
    output_underflow = False


class Times:
    outputBufferDacTime = 1.02  # noqa: N815 - PortAudio's name
    currentTime = 1.0  # noqa: N815 - PortAudio's name


def engine(desk: Desk) -> tuple[Engine, np.ndarray]:
    block = words()
    write_request(block, desk.request)
    return Engine(block, desk.state), block


def test_the_engine_reports_what_it_did():
    desk = Desk(noise(3000), channels=2)
    desk.play()
    running, block = engine(desk)
    out = np.full((400, 2), np.nan, np.float32)
    peaks = []
    for _ in range(3):
        running.callback(out, 400, Times, Flags)
        peaks.append(float(np.abs(out).max()))
    status = read_status(block)
    assert status is not None
    assert (status["position"], status["delivered"], status["began"]) == (1200, 1200, 800)
    assert (status["playing"], status["callbacks"], status["underflows"]) == (1, 3, 0)
    assert status["latency_ns"] == pytest.approx(20e6, abs=1)
    assert status.peak[0] == status.peak[1] == pytest.approx(max(peaks[:2]), rel=1e-6)


def test_the_engine_counts_underflows_but_not_the_one_of_a_stream_that_just_began():
    desk = Desk(noise(3000))
    desk.play()
    running, block = engine(desk)
    running.dropouts.buffer_ns = 0

    class Dry(Flags):
        output_underflow = True

    out = np.zeros((10, 1), np.float32)
    for _ in range(3):
        running.callback(out, 10, Times, Dry)
    status = read_status(block)
    assert status is not None
    assert status["underflows"] == 2


def test_the_engine_puts_out_silence_when_the_mixer_breaks():
    desk = Desk(noise(3000))
    desk.play()
    running, _ = engine(desk)
    desk.state.fade = "broken"
    out = np.ones((10, 1), np.float32)
    running.callback(out, 10, Times, Flags)
    assert not out.any()
    assert isinstance(running.failure, TypeError)


def test_the_meter_falls_slowly_holds_its_peak_and_keeps_the_clip_light():
    meter = Meter(1000, 1)
    meter.update(np.array([[-1.5], [0.5], *[[0.0]] * 28], np.float32))
    assert (meter.peak[0], meter.hold[0], meter.clipped) == (1.5, 1.5, True)
    for _ in range(10):
        meter.update(np.zeros((100, 1), np.float32))
    assert 20 * np.log10(meter.peak[0] / 1.5) == pytest.approx(-20, abs=0.1)  # after 1 s
    assert meter.hold[0] == 1.5
    for _ in range(6):
        meter.update(np.zeros((100, 1), np.float32))
    assert meter.hold[0] < 0.2
    assert meter.clipped
    meter.reset()
    assert not meter.clipped


def test_a_view_sees_what_a_block_holds_and_its_going_away_does_not_remove_it():
    samples = noise(100)
    block = block_of(samples)
    code = f"""
import numpy as np
from gaplisten.playback.shared import View
view = View({block.name!r}, np.float32, (100, 1)); view.touch()
print(float(view.array[7, 0]))
assert view.close()
"""

    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert float(done.stdout) == samples[7, 0]
        assert done.stderr == ""
    block.remove()
    with pytest.raises(FileNotFoundError):
        View(block.name, np.float32, (100, 1))


def test_lanes_are_made_once_and_only_the_changed_one_anew():
    signals = [Signal.of(noise(100, seed), 16000) for seed in range(3)]
    first = make_ready(signals, 1, 1, 16000, 2, 1.0, None)
    signals[1] = Signal.of(noise(100, 9), 16000)
    second = make_ready(signals, 2, 1, 16000, 2, 1.0, first)
    assert [a is b for a, b in zip(first.lanes, second.lanes, strict=True)] == [True, False, True]
    release(first, second)
    with pytest.raises(FileNotFoundError):
        View(first.lanes[1].block.name, np.float32, (100, 1))
    View(first.lanes[0].block.name, np.float32, (100, 1)).close()
    release(second, None)


@pytest.mark.parametrize(
    ("rate", "speed", "frames"), [(16000, 1.0, 100), (16000, 0.25, 400), (48000, 0.5, 600)]
)
def test_positions_survive_resampling_and_slow_playing(rate, speed, frames):
    ready = make_ready([Signal.of(noise(100), 16000)], 1, 1, rate, 2, speed, None)
    assert ready.lanes[0].shape == (frames, 1)
    assert [ready.to_clip(ready.to_lane(frame)) for frame in range(101)] == list(range(101))
    release(ready, None)


def test_stereo_is_mixed_down_for_a_device_with_one_channel():
    ready = make_ready([Signal.of(noise(100, channels=2), 16000)], 1, 1, 16000, 1, 1.0, None)
    assert ready.lanes[0].shape == (100, 1)
    release(ready, None)


def test_a_device_is_remembered_by_name_and_host_api(home):
    assert devices.remembered() == (None, None)
    devices.remember(OutputDevice("Headphones é", "ALSA", 2, 48000))
    assert devices.remembered() == ("Headphones é", "ALSA")
    for broken in ("{broken", "[" * 100_000, '{"name": 3}'):
        (home / "config" / "sound.json").write_text(broken)
        assert devices.remembered() == (None, None)
    (home / "config" / "sound.json").write_text("{broken")
    assert devices.remembered() == (None, None)
    devices.remember(None)
    assert not (home / "config" / "sound.json").exists()


def test_the_status_begins_behind_the_requests():
    block = words()
    write_request(block, Request(*[7] * 11, 7.0))
    assert not block[STATUS:].any()


def test_the_audio_process_loads_neither_qt_nor_scipy_nor_soundfile():
    code = (
        "import sys, gaplisten.playback.process;"
        "bad = {'PySide6', 'scipy', 'soundfile', 'soxr', 'pandas', 'typer'} & set(sys.modules); print(bad);"
        "sys.exit(len(bad))"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
