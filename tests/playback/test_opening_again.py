"""A stream that stands still is opened once more by the audio process; the sound system is a fake."""

import json
import threading
import time

import numpy as np
import pytest

from gaplisten import deadlines
from gaplisten.playback import devices, process
from gaplisten.playback.control import WORDS
from gaplisten.playback.devices import NoSoundError, OutputDevice
from gaplisten.playback.process import Host

TICK = 0.1
RATE = 48000


class Times:
    outputBufferDacTime = currentTime = 0.0  # noqa: N815 - PortAudio's names


class Flags:
    output_underflow = False


class Stream:
    """Asks for sound when the test says so."""

    latency = 0.02

    def __init__(self, callback):
        self.callback, self.left = callback, False

    def ask(self, blocks=10):
        out = np.full((480 * blocks, 2), np.nan, np.float32)
        for at in range(0, len(out), 480):
            self.callback(out[at : at + 480], 480, Times, Flags)
        return out


@pytest.fixture
def streams(monkeypatch):
    opened = []

    def open_output(_device, _rate, _channels, _latency, callback):
        opened.append(Stream(callback))
        return opened[-1]

    monkeypatch.setattr(devices, "open_output", open_output)
    monkeypatch.setattr(devices, "is_running", lambda stream: not stream.left)
    monkeypatch.setattr(devices, "leave", lambda stream: setattr(stream, "left", True))
    return opened


@pytest.fixture
def host(streams, monkeypatch):
    device = OutputDevice("Fake", "ALSA", 2, RATE)
    monkeypatch.setattr(devices, "pick", lambda *_: device)
    made = Host(np.zeros(WORDS, np.int64), None, None, None)
    monkeypatch.setattr(process, "side_tone", lambda *_: np.ones((RATE * 60, 2), np.float32))
    made.do({"do": "tone", "side": "both"})
    for _ in range(60):
        streams[0].ask()
        assert made.watch(TICK)
    return made


def watched_until(host, seconds):
    """Let time pass; return after how long the device was given up, None if it was not."""
    for tick in range(round(seconds / TICK)):
        if not host.watch(TICK):
            return (tick + 1) * TICK
    return None


def test_a_stream_that_stands_still_is_opened_again_and_goes_on_with_one_dropout_counted(
    host, streams, capsys
):
    assert watched_until(host, 1.3) is None
    assert (len(streams), streams[0].left) == (2, True)
    for _ in range(100):
        assert np.array_equal(streams[1].ask(), np.ones((4800, 2), np.float32))
        assert host.watch(TICK)
    assert host._engine.dropouts.count == 1
    assert '"lost"' not in capsys.readouterr().out


def test_a_device_that_stands_still_again_at_once_is_told_within_two_seconds(host, streams, capsys):
    assert watched_until(host, 1.3) is None
    streams[1].ask()
    assert watched_until(host, 0.7) is not None
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["event"] == "lost"
    assert len(streams) == 2


def test_a_stream_that_was_ended_from_outside_is_opened_again_at_once(host, streams):
    streams[0].left = True
    assert host.watch(TICK)
    assert len(streams) == 2


def test_a_device_that_is_gone_is_told_at_once(host, streams, monkeypatch):
    def refuse(*_):
        raise NoSoundError("Fake", "is not there any more", "choose another device")

    monkeypatch.setattr(devices, "open_output", refuse)
    streams[0].left = True
    assert not host.watch(TICK)


def test_a_device_that_cannot_be_let_go_of_is_waited_for_no_longer_than_is_said(host, streams, monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(devices, "leave", lambda _stream: never.wait())
    monkeypatch.setattr(process, "OPENING_SECONDS", 0.05)
    streams[0].left = True
    assert not host.watch(TICK)
    never.set()


def test_a_device_whose_opening_waits_for_a_processor_is_waited_for(host, streams, monkeypatch):
    class Hindered:
        def __init__(self, *_):
            self.seconds = time.monotonic  # all the time

    monkeypatch.setattr(process, "Hindered", Hindered)
    monkeypatch.setattr(process, "OPENING_SECONDS", 0.05)
    monkeypatch.setattr(deadlines, "PATIENCE", 10_000)
    monkeypatch.setattr(devices, "leave", lambda _stream: threading.Event().wait(0.3))
    streams[0].left = True
    assert host.watch(TICK)
    assert len(streams) == 2


def test_what_is_heard_next_begins_with_the_envelope_opening(host):
    mixer = host._engine.mixer
    mixer.level, mixer.direction, mixer.cross_from = mixer.fade, 0, 1
    host._open_again(host._engine)
    assert (mixer.level, mixer.direction, mixer.cross_from) == (0, 0, -1)
