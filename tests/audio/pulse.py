"""A sound server of one's own: what PortAudio puts out arrives, sample by sample, in this process.

PulseAudio plays into a FIFO (`module-pipe-sink`, float32); a thread reads it at the pace of the clock, as a sound
card would. Usable by any test or benchmark, by way of the `sound_server` fixture or `SoundServer` itself.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

F_SETPIPE_SZ = 1031
ALSA = """
pcm.!default { type pulse hint { show on description "Test sink" } }
ctl.!default { type pulse }
"""


def missing() -> str:
    """Return why there can be no such server here, or nothing."""
    if not hasattr(os, "mkfifo") or not shutil.which("pulseaudio"):
        return "PulseAudio is not installed (apt install pulseaudio)"
    plugins = [*Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")]
    return "" if plugins else "ALSA's PulseAudio plugin is not installed (apt install libasound2-plugins)"


class SoundServer:
    """PulseAudio with one sink, read by the clock.

    Parameters
    ----------
    rate, channels
        Of the sink; streams at this rate are passed on bit by bit.
    pipe
        The FIFO's capacity in bytes: how much sound waits between server and reader.
    """

    def __init__(self, rate: int = 48000, channels: int = 2, pipe: int = 4096) -> None:
        self.rate, self.channels = rate, channels
        self.folder = Path(tempfile.mkdtemp(prefix="gl-pulse-"))
        self._fifo = self.folder / "sink"
        self._pipe = pipe
        self._chunks: list[bytes] = []
        self._times: list[tuple[float, int]] = []
        self._bytes = 0
        self._stop = threading.Event()
        self.frozen = threading.Event()
        (self.folder / "asound.conf").write_text(ALSA)
        self._server = self._start()
        self._fd = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._fd, F_SETPIPE_SZ, pipe)
        self._reader = threading.Thread(target=self._read, name="sound-card", daemon=True)
        self._reader.start()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to know to play here."""
        alsa = "/usr/share/alsa/alsa.conf"
        return {
            "PULSE_SERVER": f"unix:{self.folder}/socket",
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": f"{alsa}:{self.folder}/asound.conf",
        }

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "HOME": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        command = [
            "pulseaudio", "--system=false", "--daemonize=no", "-n", "--exit-idle-time=-1", "--realtime=no",
            "--disable-shm=true", "--use-pid-file=no", "--log-level=error",
            "-L", f"module-native-protocol-unix socket={self.folder}/socket auth-anonymous=1",
            "-L", f"module-pipe-sink file={self._fifo} format=float32le rate={self.rate} "
            f"channels={self.channels} sink_name=test",
        ]  # fmt: skip
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder
        )
        for _ in range(200):
            if self._fifo.exists() and (self.folder / "socket").exists():
                return process
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
        said = process.communicate()[1].decode(errors="replace")
        pytest.skip(f"PulseAudio does not start: {said.strip()[-200:]}")

    def _read(self) -> None:
        """Take what a sound card would have taken by now, every few milliseconds."""
        frame = 4 * self.channels
        began, taken = time.perf_counter(), 0
        while not self._stop.wait(0.002):
            if self.frozen.is_set():
                began, taken = time.perf_counter(), 0
                continue
            due = int((time.perf_counter() - began) * self.rate) * frame - taken
            try:
                chunk = os.read(self._fd, max(due, frame)) if due >= frame else b""
            except BlockingIOError:
                chunk = b""
            if due >= frame and not chunk:  # the server had nothing: a card would go on without
                began, taken = time.perf_counter(), 0
            if chunk:
                taken += len(chunk)
                self._bytes += len(chunk)
                self._chunks.append(chunk)
                self._times.append((time.perf_counter(), self._bytes))

    def captured(self) -> npt.NDArray[np.float32]:
        """Return all that came, shape ``(frames, channels)``."""
        data = b"".join(self._chunks)
        usable = len(data) // (4 * self.channels) * 4 * self.channels
        return np.frombuffer(data[:usable], np.float32).reshape(-1, self.channels)

    def forget(self) -> None:
        """Begin anew with nothing captured."""
        self._chunks, self._times, self._bytes = [], [], 0

    def time_of(self, frame: int) -> float:
        """Return when that frame was read, by `time.perf_counter`."""
        wanted = (frame + 1) * 4 * self.channels
        return next(when for when, count in self._times if count >= wanted)

    def kill(self) -> None:
        """Let the server die, as when the device is pulled out."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        """Stop everything and leave nothing."""
        self._stop.set()
        self._reader.join()
        self._server.kill()
        self._server.communicate()
        os.close(self._fd)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def sound_server(rate: int = 48000, channels: int = 2, pipe: int = 4096) -> Iterator[SoundServer]:
    """Run a server and point this process's environment at it; skip the test where there can be none."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    server = SoundServer(rate, channels, pipe)
    before = {name: os.environ.get(name) for name in server.environment}
    os.environ.update(server.environment)
    try:
        yield server
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.close()


def wait_for(condition: object, seconds: float = 10.0, what: str = "") -> None:
    """Wait until `condition()` is true, or fail saying what was waited for."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain: {what or condition}")
        time.sleep(0.005)
