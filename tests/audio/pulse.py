"""A sound server of one's own: what PortAudio puts out arrives, sample by sample, in a file.

PulseAudio plays into a FIFO (`module-pipe-sink`, float32); a process reads it at the pace of the clock, as a
sound card would. Usable by any test or benchmark: ``with sound_server(48000) as server: ...``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

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
        self.folder = Path(tempfile.mkdtemp(prefix="gl-pulse-"))
        self._fifo, self._samples, self._times = (self.folder / name for name in ("sink", "samples", "times"))
        self._from = 0
        (self.folder / "asound.conf").write_text(ALSA)
        self._server = self._start()
        script = Path(__file__).with_name("card.py")
        numbers = map(str, (self._frame, rate, pipe))
        self._card = subprocess.Popen(
            [sys.executable, "-S", str(script), *map(str, (self._fifo, self._samples, self._times)), *numbers]
        )
        wait_for(self._times.exists, what="the test's sound card")
        self._go_first()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to know to play here."""
        return {
            "PULSE_SERVER": f"unix:{self.folder}/socket",
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{self.folder}/asound.conf",
        }

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "HOME": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        command = [
            "pulseaudio", "--system=false", "--daemonize=no", "-n", "--exit-idle-time=-1",
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

    def kill(self) -> None:
        """Let the server die, as when the device is pulled out."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        """Stop everything and leave nothing."""
        for process in (self._card, self._server):
            process.kill()
            process.communicate()
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


def wait_for(condition: Callable[[], object], seconds: float = 30.0, what: str = "") -> None:
    """Wait until the condition is true, or fail saying what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain: {what or condition}")
        time.sleep(0.005)
