"""Long lanes in blocks: what is heard is the same, to the bit, as of lanes that are there as a whole."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from gaplisten.audio.filemap import ArraySource, SourceError
from gaplisten.audio.opening import open_source
from gaplisten.audio.resample import PieceResampler, resample, restart_frames
from gaplisten.audio.signal import Signal
from gaplisten.playback import feeder as feeder_module
from gaplisten.playback import rings
from gaplisten.playback.feeder import Feeder, Heading, LaneReader
from gaplisten.playback.lanes import are_long, as_device_plays, lane_rate, make_stream, release
from gaplisten.playback.programme import STANDARD, Programme, audible_spans
from gaplisten.playback.rings import BLOCK_FRAMES, Feed, RingShape
from kit.desk import Desk, noise
from kit.pulse import wait_for
from kit.timing import PATIENCE

RATE = 8000
SECONDS = 9  # nine blocks at full speed, thirty-five at a quarter, and eight have room


@pytest.fixture(autouse=True)
def little_room(monkeypatch):
    monkeypatch.setattr(rings, "MOST_SLOTS", 8)


@pytest.fixture
def clip() -> list[Signal]:
    """Lanes of unlike lengths, mono and stereo; one ends early."""
    whole = SECONDS * RATE
    lengths = (whole, whole - 1234, whole // 2)
    return [Signal.of(noise(n, seed, 1 + seed % 2), RATE) for seed, n in enumerate(lengths)]


class FedDesk(Desk):
    """A desk whose lanes come in blocks; whatever is wanted is fetched before the next samples."""

    def __init__(self, clip: list[Signal], channels: int = 2) -> None:
        self.clip, self.feeders = clip, {}
        super().__init__(rate=RATE, channels=channels)
        self.set_speed(1.0)

    def set_speed(self, speed: float, **programme) -> None:
        rate, number = lane_rate(RATE, speed), self.request.programme + 1
        readers = [LaneReader(signal, rate, self.state.channels) for signal in self.clip]
        feeder = Feeder(readers, lambda: self.heading(number), grace=0.0)
        self.feeders[number] = feeder
        self.take(Feed(feeder._rings).lanes, speed, feed=Feed(feeder._rings), **programme)

    def take(self, lanes, speed, feed=None, audible=None, boundaries=None):
        spans = None if audible is None else audible_spans(audible, self.fade)
        bounds = None if boundaries is None else np.array(boundaries, np.int64)
        number, scale = self.request.programme + 1, (round(1 / speed), 1)
        self.programme = Programme(number, tuple(lanes), scale, spans, bounds, feed)
        self.state.incoming = self.programme
        self.ask(programme=number)

    def heading(self, number: int) -> Heading:
        state, request = self.state, self.request
        loop = (request.loop_start, request.loop_stop) if request.loop_stop else None
        target = state.next_position if state.next_position >= 0 else None
        if request.seek_count != state.request.seek_count:
            target = request.seek_frame
        if number == state.programme.id:
            return Heading(state.position, target, loop)
        (up, _), (old_up, _) = self.programme.scale, state.programme.scale
        return Heading(round(state.position * up / old_up), target, loop)

    def fetch(self) -> None:
        for feeder in self.feeders.values():
            while feeder.step():
                pass

    def render(self, frames: int, block: int | None = None) -> np.ndarray:
        parts = []
        for at in range(0, frames, block or 500):
            self.fetch()
            parts.append(super().render(min(block or 500, frames - at)))
        return np.concatenate(parts)

    def close(self) -> None:
        self.state.programme = self.programme = self.state.incoming = None
        for feeder in self.feeders.values():
            feeder.close()


class WholeDesk(FedDesk):
    """The same with lanes that are there as a whole, as short ones are played."""

    def set_speed(self, speed: float, **programme) -> None:
        rate = lane_rate(RATE, speed)
        lanes = [as_device_plays(signal, rate, self.state.channels) for signal in self.clip]
        self.take(lanes, speed, **programme)


@pytest.fixture
def fed(clip) -> Iterator[FedDesk]:
    desk = FedDesk(clip)
    yield desk
    desk.close()


def script(seed: int) -> Iterator[tuple]:
    """Yield what somebody does: names of a desk's methods, and with what."""
    rng = random.Random(seed)
    scale, length = 1, SECONDS * RATE
    yield "play", ()
    for _ in range(12):
        what = rng.choice(["seek", "seek", "loop", "no loop", "select", "select", "cross", "speed", "pause"])
        if what == "seek":
            yield "seek", (rng.randrange(length * scale + 500),)
        elif what == "loop":
            start = rng.randrange(length * scale)
            yield "loop", (start, start + rng.choice([320, 3000, 3 * BLOCK_FRAMES, 12 * BLOCK_FRAMES]))
        elif what == "no loop":
            yield "loop", (0, 0)
        elif what == "select":
            yield "select", (rng.randrange(3),)
        elif what == "cross":
            yield "crossfade", (rng.choice([STANDARD, 0, 80, 1600]),)
        elif what == "speed":
            speed = rng.choice([1.0, 0.5, 0.25])
            scale = round(1 / speed)
            bounds = sorted(rng.randrange(length * scale) for _ in range(50))
            spans = [(at, at + 3000 * scale) for at in range(0, length * scale, 9000 * scale)]
            yield "speed", (speed, rng.choice([None, bounds]), rng.choice([None, None, spans]))
        else:
            yield "pause", ()
        yield "render", (rng.choice([100, 700, 4000, 20000]), rng.choice([160, 480, 2000]))
        if what == "pause":
            yield "play", ()


def act(desk: FedDesk, what: str, given: tuple) -> np.ndarray | None:
    if what == "render":
        return desk.render(*given)
    if what == "speed":
        desk.set_speed(given[0], boundaries=given[1], audible=given[2])
    elif what == "crossfade":
        desk.ask(crossfade=given[0])
    else:
        getattr(desk, what)(*given)
    return None


def alike(clip: list[Signal], seeds: range) -> int:
    """Play scripts on both desks; return how many frames were compared."""
    compared = 0
    for seed in seeds:
        channels = 1 + seed % 2
        fed, whole = FedDesk(clip, channels), WholeDesk(clip, channels)
        for number, (what, given) in enumerate(script(seed)):
            found, wanted = act(fed, what, given), act(whole, what, given)
            if wanted is not None:
                assert np.array_equal(found, wanted), f"script {seed}, act {number}: {what} {given}"
                compared += len(wanted)
            assert fed.state.position == whole.state.position, f"script {seed}, act {number}: {what}"
        fed.close()
    return compared


def test_what_is_played_in_blocks_is_what_is_played_as_a_whole_by_random_scripts(clip):
    assert alike(clip, range(200, 203)) > 50_000


@pytest.mark.long
def test_what_is_played_in_blocks_is_what_is_played_as_a_whole_by_two_hundred_random_scripts(clip):
    assert alike(clip, range(200)) > 5_000_000


# -- what is not there ---------------------------------------------------------------------------------------


def test_a_seek_to_what_is_not_there_fades_out_waits_without_moving_and_fades_in_when_it_is(fed):
    fed.play()
    fed.render(2000)
    target, fade = 8 * BLOCK_FRAMES + 17, fed.fade
    before = fed.state.position
    fed.seek(target)
    out = Desk.render(fed, 3000, 160)  # nobody fetches meanwhile
    lane = fed.clip[0].samples
    down = lane[before : before + fade] * fed.state.down
    assert np.array_equal(out[:fade], np.repeat(down, 2, axis=1)[:, :2])
    assert not out[fade:].any()
    assert (fed.state.position, fed.state.playing, fed.state.ended) == (target, True, False)
    assert not fed.state.breaks[(fed.state.break_count - 1) % 16, 2]  # nothing moves
    fed.fetch()
    assert np.array_equal(
        Desk.render(fed, 3000, 160)[fade:], np.repeat(lane, 2, axis=1)[target + fade :][:2960]
    )
    assert fed.state.breaks[(fed.state.break_count - 1) % 16, 2]


def test_what_runs_out_is_faded_out_before_its_end_and_goes_on_there(fed):
    fed.play()
    fed.render(500)
    held, fade = 6 * BLOCK_FRAMES, fed.fade  # six blocks are fetched ahead
    out, lane = Desk.render(fed, held + 5000, 480), np.repeat(fed.clip[0].samples, 2, axis=1)
    assert fed.state.position == held
    assert np.array_equal(out[: held - 500 - fade], lane[500 : held - fade])
    assert np.array_equal(out[held - 500 - fade : held - 500], lane[held - fade : held] * fed.state.down)
    assert not out[held - 500 :].any()
    assert np.array_equal(fed.render(3000)[fade:], lane[held + fade : held + 3000])


def test_a_block_that_is_not_in_the_table_is_silence_never_what_lay_there_before(fed):
    fed.play()
    fed.render(500)
    fed.feeders[fed.programme.id]._rings.table[:] = 0
    assert not fed.programme.lanes[0][100:200].any()
    assert fed.programme.feed.until(100) == 100


def test_both_ends_of_a_loop_longer_than_the_room_are_kept_so_that_it_turns_without_a_wait(clip):
    fed, whole = FedDesk(clip), WholeDesk(clip)
    for desk in (fed, whole):
        desk.play()
        desk.loop(1000, 8 * BLOCK_FRAMES + 4000)
        desk.seek(8 * BLOCK_FRAMES + 3000)
    assert np.array_equal(fed.render(30000), whole.render(30000))
    fed.close()


def test_lanes_take_no_more_shared_memory_than_they_may_however_many_and_long(monkeypatch):
    monkeypatch.undo()
    hour = 3600 * 192_000
    for count, channels in ((1, 1), (3, 1), (12, 2), (64, 2)):
        shape = RingShape.of([hour] * count, [channels] * count)
        assert 2 * shape.bytes <= 64_000_000  # before and after a change of speed
        assert shape.slots * BLOCK_FRAMES > 48_000  # a second


def test_a_file_that_is_changed_while_it_is_played_is_told_and_not_heard_as_silence(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, noise(SECONDS * RATE), RATE, "PCM_16")
    feeder = Feeder([LaneReader(open_source(path), RATE, 2)], lambda: Heading(0))
    feeder.step()
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(SourceError, match=r"a\.wav.*was changed while it was being played"):
        feeder.step()
    feeder.close()


def test_many_lanes_at_a_high_rate_are_fetched_faster_than_they_are_played(monkeypatch):
    monkeypatch.undo()
    rate, now, block = 192_000, 100.0, 1920
    monkeypatch.setattr(feeder_module.time, "monotonic", lambda: now)
    silence = np.broadcast_to(np.float32(0), (rate * 60, 2))
    readers = [LaneReader(ArraySource(silence, rate), rate, 2) for _ in range(16)]
    at = Heading(0)
    feeder = Feeder(readers, lambda: at)
    for turn in range(1, 1000):  # ten seconds, in which the feeder looks as often as the mixer does
        while feeder.step():
            pass
        assert Feed(feeder._rings).until(at.position) >= at.position + block, f"starved after {turn} turns"
        at, now = Heading(at.position + block, turn=turn), now + block / rate
    feeder.close()


def test_a_slot_is_written_to_when_the_mixer_has_looked_anew_or_has_stood_for_long(monkeypatch):
    now, at = 100.0, Heading(0, turn=7)
    monkeypatch.setattr(feeder_module.time, "monotonic", lambda: now)
    lane = ArraySource(noise(40 * BLOCK_FRAMES), RATE)
    feeder = Feeder([LaneReader(lane, RATE, 2)], lambda: at)

    def fetched() -> int:
        while feeder.step():
            pass
        return sum(block >= 20 for block in feeder._held)

    assert fetched() == 0
    at = Heading(20 * BLOCK_FRAMES, turn=7)
    assert fetched() == 2  # the slots that are spare
    at = Heading(20 * BLOCK_FRAMES, turn=8)  # one that began before they were taken away
    assert fetched() == 2
    at = Heading(20 * BLOCK_FRAMES, turn=9)
    assert fetched() == 4
    now += 0.09
    assert fetched() == 4
    now += 0.02
    assert fetched() == 6
    feeder.close()


def test_a_slot_taken_away_while_the_turn_is_unknown_waits_for_the_time_alone(monkeypatch):
    now, at = 100.0, Heading(0, turn=7)
    monkeypatch.setattr(feeder_module.time, "monotonic", lambda: now)
    lane = ArraySource(noise(40 * BLOCK_FRAMES), RATE)
    feeder = Feeder([LaneReader(lane, RATE, 2)], lambda: at)
    slots = feeder.shape.slots

    def fetched(first: int) -> int:
        while feeder.step():
            pass
        return sum(block >= first for block in feeder._held)

    fetched(0)
    at = Heading(20 * BLOCK_FRAMES)
    assert fetched(20) == feeder._spare
    at = Heading(20 * BLOCK_FRAMES, turn=10**6)  # that many have been, before it was taken away
    assert fetched(20) == feeder._spare
    now += 0.11
    assert fetched(20) == 2 * feeder._spare < slots
    feeder.close()


class Stubborn:
    """Sound of a file that answers only when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.answers, self.asked, self.error = threading.Event(), threading.Event(), error
        self.frames, self.channels, self.rate, self.scale = 90 * BLOCK_FRAMES, 1, RATE, 1.0
        self.late = 4 * BLOCK_FRAMES  # what is heard first is there

    def raw(self, start: int, stop: int) -> np.ndarray:
        if start >= self.late:
            self.asked.set()
            self.answers.wait(PATIENCE)
            if self.error is not None:
                raise self.error
        return np.zeros((stop - start, 1), np.float32)

    def loaded(self, start: int, stop: int) -> bool:
        return True


def test_whatever_ends_the_feeder_is_told():
    source = Stubborn(ZeroDivisionError("float division"))
    source.answers.set()
    feeder = Feeder([LaneReader(source, RATE, 2)], lambda: Heading(0))
    feeder.start()
    wait_for(lambda: feeder.failure)
    assert "can no longer be fetched (ZeroDivisionError: float division)" in feeder.failure
    assert "start again" in feeder.failure
    feeder.close()


def test_a_feeder_whose_file_does_not_answer_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(feeder_module, "_ENDING_SECONDS", 0.05)
    source = Stubborn()
    feeder = Feeder([LaneReader(source, RATE, 2)], lambda: Heading(0))
    feeder.start()
    assert source.asked.wait(PATIENCE)
    feeder.close()  # returns while the file is still being read
    assert not Path("/dev/shm", feeder.name).exists()
    source.answers.set()  # and then its thread writes to memory that is its own
    feeder._thread.join(PATIENCE)
    assert (feeder._thread.is_alive(), feeder.failure) == (False, "")


def test_the_same_lanes_are_not_fetched_again_for_other_gaps_or_audible_parts(clip):
    far = [ArraySource(signal.samples, RATE) for signal in clip]
    first = make_stream(far, 1, 1, RATE, 2, 1.0, None, lambda *_: Heading(0), 0)
    second = make_stream(far, 2, 1, RATE, 2, 1.0, first, lambda *_: Heading(0), 0)
    slower = make_stream(far, 3, 1, RATE, 2, 0.5, second, lambda *_: Heading(0), 0)
    assert second.stream is first.stream
    assert first.stream.programmes == {1, 2}
    assert slower.stream is not first.stream
    release(second, slower)
    release(slower, None)


def test_lanes_that_were_let_go_of_while_other_gaps_were_told_are_let_go_of_once(clip):
    far = [ArraySource(signal.samples, RATE) for signal in clip]
    first = make_stream(far, 1, 1, RATE, 2, 1.0, None, lambda *_: Heading(0), 0)
    second = make_stream(far, 2, 1, RATE, 2, 1.0, first, lambda *_: Heading(0), 0)
    release(first, None)  # the process was ended meanwhile
    release(second, None)


def test_lanes_are_fetched_by_the_block_if_they_are_long_together_or_lie_in_files(clip):
    rate = 48000
    short, long = (
        Signal.of(np.zeros(rate), rate),
        Signal(np.broadcast_to(np.float32(0), (rate * 170, 1)), rate),
    )
    assert not are_long([short] * 12, rate, 2, 0.25)
    assert are_long([long], rate, 2, 1.0)
    assert not are_long([Signal(long.samples[: rate * 80], rate)], rate, 2, 0.5)
    assert are_long([Signal(long.samples[: rate * 80], rate)], rate, 2, 0.25)
    assert are_long([ArraySource(short.samples, rate)], rate, 2, 1.0)


# -- resampling in pieces ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rates",
    [
        (48000, 96000),
        (8000, 32000),
        (16000, 48000),
        (44100, 48000),
        (48000, 44100),
        (8000, 48000),
        (44100, 192000),
    ],
)
def test_any_stretch_resampled_by_itself_equals_that_of_the_whole_to_the_bit(rates):
    rng = np.random.default_rng(5)
    sound = Signal.of(rng.uniform(-0.5, 0.5, (7 * rates[0] + 137, 2)), rates[0])
    whole = resample(sound, rates[1]).samples
    pieces = PieceResampler(lambda a, b: sound.samples[a:b], sound.frames, 2, *rates)
    assert pieces.frames == len(whole)
    starts = [*rng.integers(0, len(whole), 8).tolist(), 0, len(whole) - 700, len(whole)]
    for start in starts:
        for at in (start, start + 8192):  # the second goes on after the first
            assert np.array_equal(pieces.read(at, at + 9216), whole[at : at + 9216])


@pytest.mark.parametrize("rates", [(48000, 96000), (48000, 192000), (44100, 48000), (48000, 16000)])
def test_where_soxr_may_begin_anew_its_blocks_come_round(rates):
    every, lead = restart_frames(*rates)
    assert every > 0
    assert every * rates[1] % rates[0] == 0
    assert lead > 2048
