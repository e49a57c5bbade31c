"""The audio process's life: what it carries out, and when it ends with which status; no device is opened."""

from __future__ import annotations

import json
import queue
from typing import Any

import numpy as np
import pytest

from gaplisten.playback import process
from gaplisten.playback.control import WORDS

PARENT = 4711
SETTINGS = {"control": "block", "name": "Card", "host_api": "ALSA", "latency": "low"}


class Block:
    def __init__(self, *of: object) -> None:
        self.array = np.zeros(WORDS, np.int64)


class Scripted:
    """Stands for what carries out messages; notes what is asked of it in which order."""

    def __init__(self, *of: object) -> None:
        self.of, self.done = of[1:], list[str]()
        self.finds_devices, self.hears = True, True

    def hello(self) -> bool:
        self.done.append("hello")
        return self.finds_devices

    def do(self, message: dict[str, Any]) -> None:
        self.done.append(message["do"])

    def forget(self) -> None:
        self.done.append("forget")

    def rest(self, passed: float) -> None:
        self.done.append("rest")

    def watch(self, passed: float) -> bool:
        self.done.append("watch")
        return self.hears

    def fade_out(self) -> None:
        self.done.append("fade_out")


class Script:
    """Messages in the order in which they come; None is the input's end, `queue.Empty` a tick of none."""

    def __init__(self, *messages: Any) -> None:
        self.messages = list(messages)

    def get(self, timeout: float) -> Any:
        assert 0 < timeout <= 1
        message = self.messages.pop(0)
        if message is queue.Empty:
            raise queue.Empty
        return message

    def put(self, message: Any) -> None:
        raise AssertionError("nothing comes in from outside")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()

    def host(*of: object) -> Scripted:
        scripted.of = of[1:]
        return scripted

    monkeypatch.setattr(process, "Host", host)
    monkeypatch.setattr(process, "View", Block)
    monkeypatch.setattr(process, "_KEPT", [])
    monkeypatch.setattr(process, "_read_messages", lambda into: None)
    for name in ("raise_process", "no_pauses"):
        monkeypatch.setattr(process, name, lambda: None)
    monkeypatch.setattr(process.devices, "ask_servers_for_low_latency", lambda: None)
    monkeypatch.setattr(process.signal, "signal", lambda *of: None)
    monkeypatch.setattr(process.os, "getppid", lambda: PARENT)
    monkeypatch.setattr(process.sys, "argv", ["process", json.dumps(SETTINGS)])
    return scripted


def run(monkeypatch: pytest.MonkeyPatch, *messages: Any) -> int:
    monkeypatch.setattr(process.queue, "SimpleQueue", lambda: Script(*messages))
    return process.main()


TICK = ["forget", "rest", "watch"]


def test_messages_are_carried_out_in_order_until_the_window_is_gone(
    made: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, {"do": "load"}, queue.Empty, {"do": "wake"}, None) == 0
    assert made.done == ["hello", "load", *TICK, "wake", "fade_out"]
    assert made.of == ("Card", "ALSA", "low")


def test_it_goes_on_while_the_device_takes_sound_and_the_parent_lives(
    made: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, *[queue.Empty] * 5, None) == 0
    assert made.done == ["hello", *TICK * 5, "fade_out"]


def test_it_ends_when_the_device_takes_no_more_sound(made: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    made.hears = False
    assert run(monkeypatch, queue.Empty, {"do": "wake"}, None) == 3
    assert made.done == ["hello", *TICK]


@pytest.mark.skipif(process.os.name != "posix", reason="elsewhere a parent's end closes the input")
def test_it_ends_when_its_parent_is_gone_though_the_input_is_still_open(
    made: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = iter((PARENT, PARENT, 1))
    monkeypatch.setattr(process.os, "getppid", lambda: next(parents))
    assert run(monkeypatch, queue.Empty, queue.Empty, None) == 3
    assert made.done == ["hello", *TICK * 2]


def test_without_devices_it_ends_well_once_it_has_said_so(
    made: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.finds_devices = False
    assert run(monkeypatch, {"do": "load"}) == 0
    assert made.done == ["hello"]
