"""`gaplisten play`: play files; with several, switch between them, sample-synchronously."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.audio.files import read_signal
from gaplisten.audio.gain import TARGET_DBOV, clip_gain
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.player import Player, PlayerState, SwitchMode
from gaplisten.playback.programme import FADE_MS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_LOOK = 0.02


class PlayError(GaplistenError):
    """It cannot be played, or not as asked."""


def _read(files: list[Path]) -> list[Signal]:
    """Return the files on the first one's clock."""
    signals = [read_signal(path) for path in files]
    for path, signal in zip(files, signals, strict=True):
        if signal.rate != signals[0].rate:
            print(f"{path.name}: resampled from {signal.rate} to {signals[0].rate} Hz", file=sys.stderr)
    return [resample(signal, signals[0].rate) for signal in signals]


def _gain(signals: list[Signal], level: str) -> float:
    if level == "off":
        return 1.0
    try:
        target = float(level)
    except ValueError:
        raise PlayError(f"--level {level}", "is no number", "give dBov such as -26, or 'off'") from None
    chosen = clip_gain(signals[0], signals[1:], target)
    print(f"level: {chosen.note}", file=sys.stderr)
    return chosen.gain


def _ready(player: Player) -> PlayerState:
    """Wait until there is sound, or say why there is none."""
    while (state := player.state).starting:
        time.sleep(_LOOK)
    if not state.available:
        raise PlayError("no sound", state.reason, "'gaplisten doctor' tells more")
    return state


def _device(player: Player, wanted: str) -> OutputDevice:
    found = [device for device in player.devices() if wanted.lower() in device.title.lower()]
    exact = [device for device in found if device.name == wanted]
    if not found:
        names = ", ".join(device.title for device in player.devices())
        raise PlayError(f"--device {wanted}", "there is no such device", f"there are: {names}")
    return (exact or found)[0]


def _range(text: str, rate: int) -> tuple[int, int]:
    try:
        start, stop = (float(part) for part in text.split(":"))
        if not 0 <= start < stop:
            raise ValueError
    except ValueError:
        raise PlayError(f"--loop {text}", "is no range", "give seconds, such as 1.5:2.25") from None
    return round(start * rate), round(stop * rate)


def _show(state: PlayerState, name: str, rate: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{state.position / rate:8.3f} s  {name:40.40}", end="", file=sys.stderr, flush=True)


def _follow(player: Player, files: list[Path], rate: int, every: float | None) -> None:
    """Watch until the end, switching at the times asked for."""
    switches, lane, begun = 0, 0, time.monotonic()
    while (state := player.state).playing:
        time.sleep(_LOOK)
        _show(state, files[lane].name, rate)
        if every is not None and time.monotonic() - begun >= (switches + 1) * every:
            switches += 1
            lane = switches % len(files)
            player.select(lane)
            if not sys.stderr.isatty():
                print(f"{player.state.position / rate:8.3f} s  {files[lane]}", file=sys.stderr)
    if not state.ended:
        raise PlayError("stopped", state.reason or "before the end")
    if state.underflows:
        print(f"\n{state.underflows} underflows: the machine was too busy at times", file=sys.stderr)


@app.command()
def play(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="WAV or FLAC; one clock for all.")],
    switch_every: Annotated[
        float | None,
        typer.Option("--switch-every", metavar="S", min=0.05, help="Go on to the next file every S seconds."),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Output device, by (part of) its name.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Repeat until stopped by Ctrl-C.")] = False,
    part: Annotated[
        str | None, typer.Option("--part", metavar="FROM:TO", help="Repeat this part, in seconds.")
    ] = None,
    crossfade_ms: Annotated[
        float | None,
        typer.Option("--crossfade-ms", min=0, max=1000, help="Cross-fade instead of fading out and in."),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", metavar="DBOV", help="Speech level of the first file; 'off': as it is.")
    ] = str(TARGET_DBOV),
) -> None:
    """Play files; with several, switch between them at the same running position.

    One gain, taken from the first file (ITU-T P.56), applies to all, so differences in level are heard.
    """
    signals = _read(files)
    gain, rate = _gain(signals, level), signals[0].rate
    player = Player()
    try:
        _ready(player)
        if device is not None:
            player.choose(_device(player, device), remember=False)
        player.load(signals, gain=gain, position=0)
        mode: SwitchMode = "standard" if crossfade_ms is None else "crossfade"
        player.set_switching(mode, FADE_MS if crossfade_ms is None else crossfade_ms)
        if loop or part:
            start, stop = _range(part, rate) if part else (0, max(signal.frames for signal in signals))
            player.set_loop(start, stop)
            player.seek(start)
        player.play()
        _follow(player, files, rate, switch_every)
    finally:
        player.pause()
        time.sleep(0.05)  # for the fade
        player.close()
