"""An audio process that gets no processor is waited for; one that could answer and does not is given up."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from gaplisten import deadlines
from gaplisten.playback import host, process
from gaplisten.playback.player import Player
from kit.proof import unlike_lanes
from kit.pulse import sound_server, wait_for

RATE = 48000
DEVICE = {"name": "Fake", "host_api": "ALSA", "channels": 2, "rate": RATE}
READY = json.dumps({"event": "ready", "devices": [DEVICE], "device": DEVICE, "missing": False})
LOST = json.dumps({"event": "lost", "device": DEVICE})
HEAVY = f"""
import sys, time
while time.process_time() < 0.3: pass
print({READY!r}, flush=True)
sys.stdin.read()
"""
LINGERS = f"""
import os, sys, time
print({READY!r}, flush=True)
try:
    os.mkdir(sys.argv[1])
except FileExistsError:
    sys.stdin.read()
else:
    time.sleep(2.5)
    print({LOST!r}, flush=True)
    time.sleep(1.0)
    os._exit(3)
"""
BUSY = "import os\nwhile os.getppid() == {parent}: sum(range(10_000))"

linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells who waits")


@contextmanager
def player_of(monkeypatch, code, *words, seconds):
    """Give a player whose audio process is that code, and may take so long to start."""
    monkeypatch.setattr(host, "python", lambda *_: [sys.executable, "-S", "-c", code, *map(str, words)])
    monkeypatch.setattr(host, "START_SECONDS", seconds)
    player = Player()
    try:
        yield player
    finally:
        player.close()


@linux
def test_an_audio_process_that_somebody_stopped_while_it_starts_is_waited_for(monkeypatch):
    with player_of(monkeypatch, HEAVY, seconds=1.5) as player:
        os.kill(player._host.link.pid, signal.SIGSTOP)
        began = time.monotonic()
        while time.monotonic() - began < 4.0:
            assert (player.state.starting, player.state.reason) == (True, "")
            time.sleep(0.02)
        os.kill(player._host.link.pid, signal.SIGCONT)
        wait_for(lambda: not player.state.starting)
        assert (player.state.available, player.state.reason) == (True, "")


@contextmanager
def starved(pid):
    """Leave about a tenth of one processor to a process: its rivals there are as nice as this one."""
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    nice = min(ours + 10, 19)
    processor, rivals = [min(os.sched_getaffinity(0))], round(9 / 1.25 ** (nice - ours))
    words = [sys.executable, "-S", "-c", BUSY.format(parent=os.getpid())]
    os.kill(pid, signal.SIGSTOP)  # until all is set up
    busy = [subprocess.Popen(words) for _ in range(rivals)]
    try:
        for each in (pid, *(each.pid for each in busy)):
            psutil.Process(each).cpu_affinity(processor)
        psutil.Process(pid).nice(nice)
        os.kill(pid, signal.SIGCONT)
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


@linux
def test_an_audio_process_that_others_keep_from_the_processor_is_waited_for(monkeypatch):
    monkeypatch.setattr(deadlines, "PATIENCE", 1000.0)  # this machine may have other things to do as well
    with player_of(monkeypatch, HEAVY, seconds=1.5) as player, starved(player._host.link.pid):
        began = time.monotonic()
        while player.state.starting:
            assert player.state.reason == ""
            time.sleep(0.02)
        assert time.monotonic() - began > 1.5, "nothing was to be waited for"
        assert (player.state.available, player.state.reason) == (True, "")


def test_a_lost_device_is_called_lost_until_the_next_process_has_looked_for_devices(monkeypatch, tmp_path):
    with player_of(monkeypatch, LINGERS, tmp_path / "began", seconds=2.0) as player:
        wait_for(lambda: player.state.reason)
        said = {player.state.reason}
        while player._host._links < 2 or player.state.starting:
            said.add(player.state.reason)
            assert player.state.available, said
            time.sleep(0.02)
        assert len(said) == 1
        assert "takes no more sound" in said.pop()


@pytest.mark.sound
def test_a_sound_server_that_hangs_is_told_and_found_again_when_it_goes_on(monkeypatch):
    with sound_server(RATE) as server:
        server.hang()
        monkeypatch.setattr(host, "START_SECONDS", 2.0)
        player = Player()
        try:
            player.load(unlike_lanes(1, 1.0, RATE))
            wait_for(lambda: not player.state.starting)
            assert not player.state.available
            assert "the sound system does not answer" in player.state.reason
            server.go_on()
            monkeypatch.undo()
            player.rescan()
            wait_for(lambda: player.state.available and not player.state.starting)
            assert player.state.reason == ""
        finally:
            server.go_on()
            player.close()


class Waits:
    """Stands for what the threads of the audio process wait for a processor."""

    def __init__(self, *_):
        self.told = [0.0, 0.03, 0.53, 0.53]

    def seconds(self):
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


def test_what_the_sound_cards_thread_waits_for_a_processor_is_not_missed_sound(monkeypatch):
    monkeypatch.setattr(process, "Hindered", Waits)
    ticks = process.Ticks()
    ticks.passed()
    assert ticks.passed() == pytest.approx(0.07)
    assert ticks.passed() == pytest.approx(0.025)
    assert ticks.passed() == pytest.approx(0.1)
