"""A sound server of one's own: what PortAudio puts out arrives, sample by sample, in a file.

PulseAudio plays into a FIFO (`module-pipe-sink`, float32); a process reads it at the pace of the clock, as a
sound card would. Usable by any test or benchmark: ``with sound_server(48000) as server: ...``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from gaplisten.playback.player import Player
from kit.timing import PATIENCE, who_is_busy

SOUND_PATIENCE = 30
"""Seconds within which sound begins or goes on, also on a machine that is very busy."""

ALSA = """
pcm.!default { type pulse hint { show on description "Test sink" } }
ctl.!default { type pulse }
"""
_SERVER_PRIORITY = 5  # PulseAudio's own default
TIMES = np.dtype([("when", "<f8"), ("bytes", "<i8")])


def missing() -> str:
    """Return why there can be no such server here, or nothing."""
    if not hasattr(os, "mkfifo") or not shutil.which("pulseaudio"):
        return "PulseAudio is not installed (apt install pulseaudio)"
    plugins = [*Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")]
    return "" if plugins else "ALSA's PulseAudio plugin is not installed (apt install libasound2-plugins)"


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gl-pulse-"))
    (folder / "asound.conf").write_text(ALSA)
    return folder


def _environment(folder: Path) -> Mapping[str, str]:
    return {
        "PULSE_SERVER": f"unix:{folder}/socket",
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_COOKIE": str(folder / "cookie"),
        "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{folder}/asound.conf",
    }


def _serve(folder: Path, sink: str, *ready: Path, rate: int | None = None) -> subprocess.Popen[bytes]:
    """Start a server with that sink; it is up when its socket and the files `ready` are there.

    Browsers take the device's rate from the server's default, not from the sink's: `rate` sets it.
    """
    environment = {**os.environ, "HOME": str(folder), "PULSE_RUNTIME_PATH": str(folder)}
    if rate is not None:
        (folder / "daemon.conf").write_text(f"default-sample-rate = {rate}\n")
        environment["PULSE_CONFIG"] = str(folder / "daemon.conf")
    command = [
        "pulseaudio", "--system=false", "--daemonize=no", "-n", "--exit-idle-time=-1",
        "--disable-shm=true", "--use-pid-file=no", "--log-level=error",
        "-L", f"module-native-protocol-unix socket={folder}/socket auth-anonymous=1",
        "-L", f"{sink} sink_name=test",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder
    )
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if all(path.exists() for path in (folder / "socket", *ready)):
            return process
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    said = process.communicate()[1].decode(errors="replace")
    pytest.skip(f"PulseAudio does not start: {said.strip()[-200:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, be it ended already, and what it said."""
    process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


_running: list[SoundServer] = []  # whatever is waited for in vain, how they fare is worth knowing


class SoundServer:
    """PulseAudio with one sink, read by the clock.

    Parameters
    ----------
    rate, channels
        Of the sink; streams at this rate are passed on bit by bit.
    pipe
        The FIFO's capacity in bytes: how much sound waits between server and card.
    """

    def __init__(self, rate: int = 48000, channels: int = 2, pipe: int = 4096) -> None:
        self.rate, self.channels, self._frame = rate, channels, 4 * channels
        self.folder = _new_folder()
        self._fifo, self._samples, self._times = (self.folder / name for name in ("sink", "samples", "times"))
        self._from = 0
        self._sink = f"module-pipe-sink file={self._fifo} format=float32le rate={rate} channels={channels}"
        self._server = _serve(self.folder, self._sink, self._fifo, rate=rate)
        script = Path(__file__).with_name("card.py")
        numbers = map(str, (self._frame, rate, pipe))
        self._card = subprocess.Popen(
            [sys.executable, "-S", str(script), *map(str, (self._fifo, self._samples, self._times)), *numbers]
        )
        wait_for(self._times.exists, what="the test's sound card")
        self._go_first()
        _running.append(self)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to know to play here."""
        return _environment(self.folder)

    def _go_first(self) -> None:
        """Give the server's threads the real-time priority that it asks for by default.

        Its drivers for sound cards do so themselves. The one for FIFOs does not, so that on a busy machine it
        would be the server, not the player, that leaves the card without sound.
        """
        if not hasattr(os, "sched_setscheduler"):
            return
        threads = Path(f"/proc/{self._server.pid}/task")
        wait_for(lambda: any("sink" in (task / "comm").read_text() for task in threads.iterdir()))
        for task in threads.iterdir():
            with suppress(OSError):
                os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(_SERVER_PRIORITY))

    def account(self) -> str:
        """Tell how server and card fare, and what the card took when."""
        parts = []
        for name, process in (("server", self._server), ("card", self._card)):
            ended = process.poll()
            state = psutil.Process(process.pid).status() if ended is None else f"ended with {ended}"
            parts.append(f"{name} {process.pid} {state}")
        known = np.fromfile(self._times, TIMES)
        if not len(known):
            return ", ".join([*parts, "which has taken nothing"])
        ago, taken = time.perf_counter() - known["when"][-1], known["bytes"][-1] / self._frame / self.rate
        return ", ".join([*parts, f"which has taken {taken:.2f} s of sound, the last of it {ago:.2f} s ago"])

    def captured(self) -> npt.NDArray[np.float32]:
        """Return all that came since `forget`, shape ``(frames, channels)``."""
        count = (self._samples.stat().st_size - self._from) // self._frame
        flat = np.fromfile(self._samples, np.float32, count * self.channels, offset=self._from)
        return flat.reshape(-1, self.channels)

    def forget(self) -> None:
        """Begin anew with nothing captured."""
        self._from = self._samples.stat().st_size // self._frame * self._frame

    def times_of(self, frames: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return when these captured frames were taken, by `time.perf_counter`."""
        known = np.fromfile(self._times, TIMES, self._times.stat().st_size // TIMES.itemsize)
        wanted = (np.asarray(frames) + 1) * self._frame + self._from
        return np.asarray(known["when"][np.searchsorted(known["bytes"], wanted)])

    def freeze(self) -> None:
        """Let the card take nothing any more."""
        self._card.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the card go on."""
        self._card.send_signal(signal.SIGCONT)

    def hang(self) -> None:
        """Let the server answer nobody any more."""
        self._server.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let the server answer again."""
        self._server.send_signal(signal.SIGCONT)

    def end_streams(self) -> None:
        """End all that plays here, as a mixer's "Terminate Playback" does."""
        pactl = ("pactl", "--server", f"unix:{self.folder}/socket")
        door = self.folder / "cli"
        if not door.exists():
            subprocess.run([*pactl, "load-module", "module-cli-protocol-unix", f"socket={door}"], check=True)
        listed = subprocess.run(
            [*pactl, "list", "short", "sink-inputs"], capture_output=True, check=True, text=True
        )
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(door))
            for stream in listed.stdout.splitlines():
                line.sendall(f"kill-sink-input {stream.split()[0]}\n".encode())
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass

    def kill(self) -> None:
        """Let the server die, as when the device is pulled out."""
        _end(self._server)

    def revive(self) -> None:
        """Start a server again where the dead one was, as when the device is plugged in again."""
        (self.folder / "socket").unlink(missing_ok=True)
        self._server = _serve(self.folder, self._sink, self._fifo, rate=self.rate)
        self._go_first()

    def drop_captured(self) -> None:
        """Let go of the space on the disk that what was captured so far takes."""
        for path in (self._samples, self._times):
            os.truncate(path, 0)  # the card writes on where it was: what is before takes no room

    def close(self) -> None:
        """Stop everything and leave nothing."""
        if self in _running:
            _running.remove(self)
        for process in (self._card, self._server):
            _end(process)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def sound_server(rate: int = 48000, channels: int = 2, pipe: int = 4096) -> Iterator[SoundServer]:
    """Run a server and point this process's environment at it; skip the test where there can be none."""
    _skip_where_missing()
    server = SoundServer(rate, channels, pipe)
    try:
        with _with(server.environment):
            yield server
    finally:
        server.close()


@contextmanager
def null_server(rate: int = 48000) -> Iterator[None]:
    """Run a server without any card, as on a machine used from afar, and let this process play there."""
    _skip_where_missing()
    with null_environment(rate) as environment, _with(environment):
        yield


@contextmanager
def null_environment(rate: int = 48000) -> Iterator[Mapping[str, str]]:
    """Run a server without any card; give what a process needs to know to play there."""
    folder = _new_folder()
    process = _serve(folder, f"module-null-sink rate={rate}")
    try:
        yield _environment(folder)
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _skip_where_missing() -> None:
    reason = missing()
    if reason:
        pytest.skip(reason)


@contextmanager
def _with(environment: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def wait_for(
    condition: Callable[[], object], seconds: float = PATIENCE, what: str | Callable[[], str] = ""
) -> None:
    """Wait until the condition is true, or fail saying what was waited for (and how it stands then)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            told = what() if callable(what) else what
            sound = "; ".join(server.account() for server in _running)
            pytest.fail(f"waited {seconds} s in vain: {told or condition}; {sound} ({who_is_busy()})")
        time.sleep(0.005)


def wait_for_sound(player: Player, condition: Callable[[], object], what: str = "sound") -> None:
    """Wait for what comes with the sound that plays; fail soon where it stands, and say how."""
    wait_for(condition, SOUND_PATIENCE, lambda: f"{what}; {player.state}; {player._host.status()}")
