"""What happens when the audio process, its device or the window above it dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gaplisten.playback import host
from gaplisten.playback import player as player_module
from gaplisten.playback.player import Player
from gaplisten.playback.shared import Block
from kit.disk import full
from kit.player import audio_processes_with
from kit.proof import unlike_lanes
from kit.pulse import null_server, sound_server, wait_for, wait_for_sound
from kit.timing import PATIENCE, that_ends

pytestmark = pytest.mark.sound
RATE = 48000


@pytest.fixture
def server():
    with sound_server(RATE) as running:
        yield running


@pytest.fixture
def player(server):
    opened = Player()
    yield opened
    opened.close()


def play_for_a_while(player: Player) -> None:
    player.load(unlike_lanes(2, 20.0, RATE))
    player.play()
    wait_for_sound(player, lambda: player.state.position > RATE // 4)


def goes_on(player: Player) -> bool:
    before = player.state.position
    player.play()
    wait_for_sound(player, lambda: player.state.position > before + RATE // 8, "sound going on")
    return player.state.position < before + RATE


def test_a_killed_audio_process_is_started_again_where_it_was_and_says_so(player):
    play_for_a_while(player)
    player.select(1)
    player.set_loop(0, 20 * RATE)
    before = player.state.position
    os.kill(player._host.link.pid, signal.SIGKILL)
    wait_for(lambda: player.state.restarts == 1)
    wait_for(lambda: not player.state.starting)
    state = player.state
    assert "stopped unexpectedly" in state.reason
    assert state.available
    assert not state.playing
    assert abs(state.position - before) < RATE // 5
    assert state.lane == 1
    assert goes_on(player)
    assert player.state.reason == ""


def test_an_audio_process_that_keeps_dying_is_given_up_until_asked_for(player):
    play_for_a_while(player)
    for deaths in range(1, 5):
        wait_for(lambda: not player.state.starting)
        os.kill(player._host.link.pid, signal.SIGKILL)
        wait_for(lambda deaths=deaths: player.state.restarts == deaths)
    assert not player.state.available
    assert "again and again" in player.state.reason
    player.play()
    assert not player.state.playing
    player.rescan()
    wait_for(lambda: player.state.available and not player.state.starting)
    assert goes_on(player)


def test_a_player_that_let_go_of_the_device_goes_on_as_it_was(player, server):
    play_for_a_while(player)
    player.select(1)
    player.set_loop(0, 15 * RATE)
    process = psutil.Process(player._host.link.pid)
    lanes = {lane.block.name for lane in player._host.ready.lanes}
    player.release("somebody else has the sound")
    state = player.state
    assert not process.is_running()
    assert not {path.name for path in Path("/dev/shm").iterdir()} & lanes
    assert (state.available, state.playing, state.off) == (False, False, True)
    assert state.reason == "somebody else has the sound"
    assert state.position > RATE // 4
    player.play()
    assert not player.state.playing
    player.start()
    wait_for(lambda: player.state.available and not player.state.starting)
    assert player.state.reason == ""
    assert (player.state.lane, player.state.position) == (1, state.position)
    assert player._desired.loop == (0, 15 * RATE)
    assert goes_on(player)
    assert player.state.restarts == 0


def test_a_player_that_lets_go_while_lanes_are_on_their_way_brings_them_later(player, server):
    wait_for(lambda: not player.state.starting)
    for _ in range(5):
        player.load(unlike_lanes(3, 5.0, RATE), position=0)
        player.release("away")
        player.load(unlike_lanes(2, 5.0, RATE), position=0)
        player.start()
    assert goes_on(player)
    assert player.state.restarts == 0


def test_a_device_that_takes_no_more_sound_pauses_with_a_message_and_keeps_the_position(server, monkeypatch):
    audio_processes_with(monkeypatch, PATIENT_SECONDS=2.0)
    player = Player()
    try:
        play_for_a_while(player)
        server.freeze()
        wait_for(lambda: "takes no more sound" in player.state.reason)
        frozen = player.state
        server.thaw()
        assert not frozen.playing
        assert frozen.position > RATE // 4
        wait_for(lambda: not player.state.starting)
        assert player.state.available
        assert abs(player.state.position - frozen.position) < RATE // 20
        player.choose(next(device for device in player.devices() if device.name == "default"))
        assert goes_on(player)
    finally:
        player.close()


def test_a_device_that_is_pulled_out_while_playing_is_told(player, server):
    play_for_a_while(player)
    server.kill()
    wait_for(lambda: player.state.reason)
    assert not player.state.playing


def test_a_stream_that_is_ended_from_outside_is_opened_again_and_goes_on_where_it_was(player, server):
    play_for_a_while(player)
    before = player.state
    server.end_streams()
    wait_for(lambda: player.state.underflows > before.underflows)
    assert goes_on(player)
    state = player.state
    assert (state.reason, state.restarts) == ("", 0)
    assert before.position <= state.position < 15 * RATE


def test_a_device_that_hangs_while_nothing_plays_is_told_when_it_is_missed_and_not_before(
    server, monkeypatch
):
    audio_processes_with(monkeypatch, PATIENT_SECONDS=2.0)
    player = Player()
    try:
        player.load(unlike_lanes(1, 20.0, RATE))
        wait_for(lambda: player.state.rate)
        server.freeze()
        time.sleep(2.5)
        assert player.state.reason == ""
        player.play()
        wait_for(lambda: "takes no more sound" in player.state.reason)
        server.thaw()
        wait_for(lambda: not player.state.starting)
        assert goes_on(player)
    finally:
        player.close()


@pytest.mark.parametrize("seconds", [5, pytest.param(12, marks=pytest.mark.long)])
def test_a_null_sink_that_asks_every_two_seconds_is_no_lost_device(seconds):
    with null_server(RATE):
        player = Player()
        try:
            player.load(unlike_lanes(1, 60.0, RATE))
            player.play()
            wait_for_sound(player, lambda: player.state.position > 0)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                assert player.state.reason == ""
                assert player.state.playing
                time.sleep(0.1)
        finally:
            player.close()


_DEAF = "import sys; sys.stdin.read()"


def test_a_process_that_never_finds_its_devices_is_given_up_with_a_sentence(monkeypatch):
    monkeypatch.setattr(host, "python", lambda *_: [sys.executable, "-c", _DEAF])
    monkeypatch.setattr(host, "START_SECONDS", 0.5)
    player = Player()
    try:
        assert player.state.starting
        player.load(unlike_lanes(1, 1.0, RATE))
        player.play()
        wait_for(lambda: not player.state.starting)
        state = player.state
        assert (state.available, state.playing) == (False, False)
        assert "the sound system does not answer" in state.reason
        monkeypatch.undo()
        player.rescan()
        assert player.state.starting
    finally:
        player.close()


def test_a_sound_server_that_dies_pauses_and_another_one_is_found_by_looking_again(player, server):
    play_for_a_while(player)
    server.kill()
    wait_for(lambda: not player.state.playing, what="the loss to be noticed")
    assert player.state.reason
    position = player.state.position
    assert position > RATE // 4
    with sound_server(RATE):
        wait_for(lambda: not player.state.starting)
        player.rescan()
        wait_for(lambda: player.state.available and not player.state.starting)
        assert abs(player.state.position - position) < RATE // 5
        assert goes_on(player)


def test_a_machine_without_devices_says_so_and_everything_else_works(tmp_path, monkeypatch):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nothing")
    player = Player()
    try:
        wait_for(lambda: not player.state.starting)
        if player.state.available:
            pytest.skip("this machine has a sound device that needs no configuration")
        assert "no output device" in player.state.reason
        player.load(unlike_lanes(2, 1.0, RATE))
        player.play()
        player.select(1)
        player.seek(1234)
        assert (player.state.playing, player.state.lane, player.state.position) == (False, 1, 1234)
    finally:
        player.close()


_WINDOW = """
import sys, time
import numpy as np
from gaplisten.audio.signal import Signal
from gaplisten.playback.player import Player
player = Player()
player.load([Signal.of(np.full(48000 * 20, 0.1), 48000)])
player.play()
while player.state.position < 5000:
    time.sleep(0.01)
blocks = [player._host._control.name, *(lane.block.name for lane in player._host.ready.lanes)]
print(player._host.link.pid, *blocks, flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


@pytest.mark.parametrize("way", ["killed", "forgotten"])
def test_no_audio_process_and_no_memory_outlive_the_window(server, way):
    window = subprocess.Popen(
        [sys.executable, "-c", _WINDOW, "wait" if way == "killed" else "end"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    pid, *blocks = that_ends(window.stdout.readline).split()
    if way == "killed":
        assert psutil.pid_exists(int(pid))
        window.kill()
    said = window.communicate(timeout=PATIENCE)[1]
    wait_for(lambda: not psutil.pid_exists(int(pid)), what="the audio process to end")
    wait_for(lambda: not {path.name for path in Path("/dev/shm").iterdir()} & set(blocks), what="the memory")
    assert "Traceback" not in said
    assert way == "killed" or said == ""


_ENDING = """
import atexit, os, signal, time
import numpy as np
from gaplisten.audio.signal import Signal
from gaplisten.playback.player import Player
player = Player()
player.load([Signal.of(np.full(48000, 0.1), 48000)])
while player._host.ready is None:
    time.sleep(0.01)
print(player._host._control.name, *(lane.block.name for lane in player._host.ready.lanes), flush=True)
def die():
    os.kill(player._host.link.pid, signal.SIGKILL)
    time.sleep(0.5)
atexit.register(die)
"""


def test_an_audio_process_that_dies_while_the_window_ends_leaves_no_traceback_and_no_memory(server):
    done = subprocess.run([sys.executable, "-c", _ENDING], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    blocks = set(done.stdout.split())
    assert len(blocks) == 2
    assert not {path.name for path in Path("/dev/shm").iterdir()} & blocks


def test_underflows_are_counted_over_restarts(player):
    play_for_a_while(player)
    player._host.facts.underflows_before = 7
    os.kill(player._host.link.pid, signal.SIGKILL)
    wait_for(lambda: player.state.restarts == 1)
    assert player.state.underflows >= 7


def test_full_shared_memory_is_a_sentence_and_not_a_crash(player, monkeypatch):
    import gaplisten.playback.shared as shared

    wait_for(lambda: not player.state.starting)
    monkeypatch.setattr(shared, "_reserve", full)
    player.load(unlike_lanes(1, 1.0, RATE))
    wait_for(lambda: "no room for" in player.state.reason)
    player.play()
    wait_for(lambda: not player.state.playing and "no room for" in player.state.reason)
    monkeypatch.undo()
    player.play()
    wait_for_sound(player, lambda: player.state.ended, "the end")


def test_an_unforeseen_fault_on_the_way_to_the_device_is_told_and_playing_tries_again(player, monkeypatch):
    wait_for(lambda: not player.state.starting)
    monkeypatch.setattr(player_module, "make_ready", lambda *_: 1 / 0)
    player.load(unlike_lanes(1, 20.0, RATE))
    player.play()
    wait_for(lambda: "cannot be brought to the device (ZeroDivisionError" in player.state.reason)
    assert not player.state.playing
    monkeypatch.undo()
    assert goes_on(player)
    assert player.state.reason == ""


def test_the_mixer_failing_is_reported_and_survived(server, monkeypatch):
    """Lanes that are not what the control block says: something that cannot happen, and then does."""
    player = Player()
    try:
        play_for_a_while(player)
        ready = player._host.ready.message(None, ())
        wrong = Block(4 * 3 * 400_000)
        ready["id"], ready["lanes"] = 999, [[wrong.name, 400_000, 3]]
        player._host.link.send("load", **ready)
        player._write(player._last_request._replace(programme=999))
        wait_for(lambda: player.state.restarts == 1)
        wait_for(lambda: not player.state.starting)
        assert goes_on(player)
    finally:
        player.close()
        wrong.remove()
