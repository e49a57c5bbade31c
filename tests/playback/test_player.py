"""The player where there is no audio process: everything works, nothing is heard, and it says why."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.playback import host, shared
from gaplisten.playback import player as module
from gaplisten.playback.player import Player
from kit.desk import noise
from kit.disk import full


@pytest.fixture
def silent():
    made = Player(silent="no sound here")
    yield made
    made.close()


def lanes(*frames: int, rate: int = 16000) -> list[Signal]:
    return [Signal.of(noise(length), rate) for length in frames]


def test_a_silent_player_keeps_lane_and_position_and_says_why_it_is_silent(silent):
    silent.load(lanes(1000, 1000))
    silent.play()
    silent.select(1)
    silent.seek(5000)
    state = silent.state
    assert (state.position, state.lane, state.playing, state.available) == (1000, 1, False, False)
    assert state.reason == "no sound here"
    silent.set_loop(200, 800)
    silent.stop()
    assert silent.state.position == 200
    silent.clear_loop()
    silent.stop()
    assert silent.state.position == 0


def test_a_silent_player_has_no_process_no_shared_memory_and_no_thread(silent):
    before, blocks = threading.active_count(), set(Path("/dev/shm").iterdir())
    silent.load(lanes(1000))
    silent.set_speed(0.5)
    silent.replace(0, lanes(500)[0])
    silent.test_tone("left")
    assert silent._host.link is None
    assert threading.active_count() == before
    assert set(Path("/dev/shm").iterdir()) == blocks
    assert silent.devices() == ()


class Ended:
    """A process that has ended already."""

    def close(self) -> None:
        pass


def test_nobody_is_kept_from_asking_for_the_state_while_lanes_are_let_go_of(silent, monkeypatch):
    free: list[bool] = []

    def ask() -> None:
        free.append(silent._lock.acquire(timeout=0.2))
        if free[-1]:
            silent._lock.release()

    def slowly(*_: object) -> None:
        asker = threading.Thread(target=ask)
        asker.start()
        asker.join()

    monkeypatch.setattr(host, "release", slowly)
    silent._host.link = Ended()
    silent.release("somebody else has the sound")
    assert free == [True]


def test_lanes_that_could_not_be_read_any_more_are_heard_when_playing_them_again_went_well(
    silent, monkeypatch
):
    host = silent._host  # a process that takes whatever it is brought
    host.facts.dead, host.facts.ready = False, True
    monkeypatch.setattr(host, "format_for", lambda rate: (rate, 2))
    monkeypatch.setattr(host, "wait", lambda *_: True)

    def play() -> None:
        silent.play()
        silent._worker.submit(lambda: None).result()  # what was asked before it is done then

    silent.load([ArraySource(noise(16000), 16000)], position=0)
    play()
    first = host.ready.stream.feeder
    first.failure = "the disk does not answer"
    state = silent.state
    assert (state.playing, state.reason) == (False, "the disk does not answer")
    play()
    state = silent.state
    assert (state.playing, state.reason) == (True, "")
    assert host.ready.stream.feeder is not first


def test_what_makes_no_sense_is_refused_without_sound_too(silent):
    silent.load(lanes(1000))
    for wrong in (
        lambda: silent.select(1),
        lambda: silent.replace(-1, lanes(5)[0]),
        lambda: silent.set_loop(8, 8),
        lambda: silent.set_speed(0.7),
        lambda: silent.load([*lanes(10), *lanes(10, rate=8000)]),
        lambda: silent.load(lanes(*[1] * 65)),
    ):
        with pytest.raises((IndexError, ValueError, GaplistenError)):
            wrong()


def test_sound_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("GAPLISTEN_SOUND", "off")
    player = Player()
    assert "GAPLISTEN_SOUND" in player.state.reason
    assert (player.state.available, player.state.starting, player.state.off) == (False, False, True)
    player.rescan()
    player.choose(None, remember=False)
    assert player._host.link is None
    player.close()


def test_a_missing_sounddevice_is_named_with_the_way_to_get_it_and_is_not_meant_to_be_so(monkeypatch):
    monkeypatch.delenv("GAPLISTEN_SOUND", raising=False)
    monkeypatch.setattr(module, "is_installed", lambda name: name != "sounddevice")
    player = Player()
    assert "pip install sounddevice" in player.state.reason
    assert (player.state.available, player.state.off) == (False, False)
    player.close()


def test_full_shared_memory_keeps_the_process_from_starting_and_says_so(monkeypatch):
    monkeypatch.delenv("GAPLISTEN_SOUND", raising=False)

    monkeypatch.setattr(shared, "_reserve", full)
    player = Player()
    state = player.state
    assert (state.available, state.starting, state.off) == (False, False, False)
    assert "the sound process cannot be started" in state.reason
    assert "No space left on device" in state.reason
    player.close()


def test_another_clip_forgets_the_last_one_s_gaps_and_other_lanes_of_it_do_not(silent):
    silent.load(lanes(1000, 1000), position=0)
    silent.set_boundaries([320, 640])
    silent.set_audible([(320, 640)])
    silent.seek(500)
    silent.load(lanes(1000, 1000, 1000))
    assert (silent._desired.boundaries, silent._desired.audible) == ((320, 640), ((320, 640),))
    assert silent.state.position == 500
    silent.load(lanes(1000), position=0)
    assert (silent._desired.boundaries, silent._desired.audible) == ((), None)
    assert silent.state.position == 0


def test_gaps_told_before_the_first_lane_of_a_clip_are_kept(silent):
    silent.load(lanes(1000), position=0)
    silent.load([], position=0)
    silent.set_boundaries([320, 640])
    silent.load(lanes(2000))
    assert silent._desired.boundaries == (320, 640)
    assert silent.state.position == 0


def test_a_player_that_is_forgotten_ends_without_a_word():
    code = "from gaplisten.playback.player import Player; p = Player(silent='x'); p.load([])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_speed_and_gain_reach_the_requests_of_lanes_at_their_rate(silent):
    from gaplisten.playback.lanes import make_ready, release

    signals = lanes(1000)
    silent.load(signals, gain=0.5, position=100)
    silent.set_loop(200, 400)
    silent.set_switching("crossfade", 2000.0)
    ready = make_ready(signals, 7, 1, 16000, 2, 0.5, None)
    request = silent._desired.request(ready)
    assert (request.programme, request.seek_frame, request.loop_start, request.loop_stop) == (
        7,
        200,
        400,
        800,
    )
    assert (request.gain, request.crossfade) == (0.5, 16000)
    assert np.float32(request.gain) == np.float32(0.5)
    release(ready, None)
