"""What the window's side asks the audio process, and says when there is no answer; no process is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gaplisten.playback import host as host_module
from gaplisten.playback.control import STATUS_FIELDS, StatusWriter
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.feeder import Heading
from gaplisten.playback.host import Host, ProcessGone, SoundError
from gaplisten.playback.programme import Request
from gaplisten.playback.transport import BREAKS


class Owner:
    def sound_stopped(self, status: object) -> None:
        raise AssertionError("nothing plays")

    def sound_began(self) -> None:
        raise AssertionError("nothing plays")


class Answering:
    """Stands for the process: answers what is asked as the test says."""

    pid = 1

    def __init__(self, host: Host, answers: Callable[[dict[str, Any]], object]) -> None:
        self.host, self.answers = host, answers
        self.asked: list[dict[str, Any]] = []

    def send(self, do: str, **facts: Any) -> None:
        self.asked.append({"do": do, **facts})
        answer = self.answers(facts)
        if answer is not None:
            self.host.answers[facts["token"]] = answer


@pytest.fixture
def owner() -> Owner:
    return Owner()  # a host holds it weakly


@pytest.fixture
def host(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(host_module, "START_SECONDS", 0.0)
    monkeypatch.setattr(host_module, "ANSWER_SECONDS", 0.0)
    return Host(owner, (None, None), None)


def ready(host: Host, channels: int = 2) -> None:
    host.facts.device, host.facts.ready = OutputDevice("Card", "ALSA", channels, 44_100), True


def test_why_there_is_no_sound_is_said_where_it_is_known(host: Host) -> None:
    host.facts.reason = "there is no output device; plug one in"
    with pytest.raises(SoundError) as told:
        host.format_for(16_000)
    assert str(told.value) == "sound: there is no output device; plug one in"


def test_a_process_that_does_not_answer_is_said_to_be_silent(host: Host) -> None:
    with pytest.raises(SoundError) as told:
        host.format_for(16_000)
    assert str(told.value) == "sound: the audio process does not answer; look again"


def test_a_device_that_is_known_but_not_ready_is_none(host: Host) -> None:
    ready(host)
    host.facts.ready = False
    with pytest.raises(SoundError, match="does not answer"):
        host.format_for(16_000)


@pytest.mark.parametrize(("channels", "played"), [(1, 1), (2, 2), (8, 2)])
def test_the_rate_is_asked_for_once_and_channels_are_at_most_two(
    host: Host, channels: int, played: int
) -> None:
    ready(host, channels)
    link = Answering(host, lambda facts: facts["rate"] * 3)
    host.link = link  # type: ignore[assignment]
    assert host.format_for(16_000) == (48_000, played)
    assert host.format_for(16_000) == (48_000, played)
    assert link.asked == [{"do": "probe", "rate": 16_000, "token": "rate16000"}]


def test_without_an_answer_the_device_s_own_rate_is_taken(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(host)
    host.link = Answering(host, lambda facts: None)  # type: ignore[assignment]
    monkeypatch.setattr(Host, "wait", lambda self, answer, seconds=0.0: answer())
    assert host.format_for(16_000) == (44_100, 2)


def test_a_process_that_ends_while_it_is_asked_is_told_from_one_that_is_silent(host: Host) -> None:
    ready(host)
    host.link = Answering(host, lambda facts: None)  # type: ignore[assignment]

    def look() -> None:
        host.link = None

    with pytest.raises(ProcessGone):
        host.wait(look, 5.0)


def played(host: Host, **fields: int) -> None:
    """Publish what the process says of itself."""
    StatusWriter(host.words).publish(
        [fields.get(name, 0) for name in STATUS_FIELDS], np.zeros((BREAKS, 3), np.int64)
    )


def test_where_playing_goes_is_known_while_it_is_asked_and_not_yet_done(host: Host) -> None:
    played(host, programme=3, position=500, seek_count=1, callbacks=7)
    host.write(Request(programme=3, seek_count=2, seek_frame=9000))
    assert host.heading([3], 10) == Heading(500, 9000, None, 7)
    played(host, programme=3, position=9100, seek_count=2, callbacks=8)
    assert host.heading([3], 10) == Heading(9100, None, None, 8)


def test_what_other_programmes_do_is_not_where_these_go(host: Host) -> None:
    played(host, programme=3, position=500, seek_count=1, callbacks=7)
    host.write(Request(programme=3, seek_count=2, seek_frame=9000, loop_start=100, loop_stop=200))
    assert host.heading([4], 10) == Heading(10, None, None, 7)
    assert host.heading([3, 4], 10) == Heading(500, 9000, (100, 200), 7)
    host.write(Request(programme=4, seek_count=2, seek_frame=40))
    assert host.heading([4], 10) == Heading(10, 40, None, 7)
    assert host.heading([3], 10) == Heading(500, None, None, 7)
