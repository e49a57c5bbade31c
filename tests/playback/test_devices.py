"""Which device is played to: the chosen one, by name and host, or else the system's; PortAudio is a fake."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gaplisten.playback import devices
from gaplisten.playback.devices import NoSoundError, OutputDevice, outputs, pick

APIS = ("ALSA", "JACK")
FOUND = (("in only", 0, 0), ("Card", 0, 2), ("Card", 1, 8), ("Other", 0, 1))


class PortAudioError(Exception):
    pass


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine of these devices, of which one is the default."""
    one = SimpleNamespace(found=FOUND, default=2)

    def query_devices(kind: str | None = None) -> object:
        each = [
            {"name": name, "hostapi": api, "max_output_channels": channels, "index": at,
             "default_samplerate": 48_000.0}
            for at, (name, api, channels) in enumerate(one.found)
        ]  # fmt: skip
        if kind is None:
            return each
        if one.default is None:
            raise PortAudioError
        return each[one.default]

    module = SimpleNamespace(
        query_devices=query_devices,
        query_hostapis=lambda: [{"name": name} for name in APIS],
        PortAudioError=PortAudioError,
    )
    monkeypatch.setattr(devices, "sound", lambda: module)
    return one


def test_what_cannot_play_is_no_output_and_the_default_is_known(machine: SimpleNamespace) -> None:
    assert outputs() == (
        OutputDevice("Card", "ALSA", 2, 48_000, False),
        OutputDevice("Card", "JACK", 8, 48_000, True),
        OutputDevice("Other", "ALSA", 1, 48_000, False),
    )


@pytest.mark.parametrize(
    ("name", "api", "default", "picked"),
    [
        ("Card", "ALSA", 2, ("Card", "ALSA")),
        ("Card", "JACK", 1, ("Card", "JACK")),
        ("Other", "ALSA", 2, ("Other", "ALSA")),
        ("Other", "JACK", 2, ("Card", "JACK")),
        ("unplugged", "ALSA", 3, ("Other", "ALSA")),
        (None, None, 3, ("Other", "ALSA")),
        (None, None, None, ("Card", "ALSA")),
    ],
)
def test_the_chosen_device_is_taken_else_the_systems_else_the_first(
    machine: SimpleNamespace, name: str | None, api: str | None, default: int | None, picked: tuple[str, str]
) -> None:
    machine.default = default
    found = pick(name, api)
    assert (found.name, found.host_api) == picked


def test_a_machine_without_outputs_is_named(machine: SimpleNamespace) -> None:
    machine.found = FOUND[:1]
    machine.default = None
    with pytest.raises(NoSoundError, match="no output device"):
        pick(None, None)
