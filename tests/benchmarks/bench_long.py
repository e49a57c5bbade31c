"""The whole window with a clip of an hour in three lanes: picture, sound, memory.

As WAV, FLAC and MP3, and with a lane of another rate. Sound goes to a server of the benchmark's own. Measured
is what a user's machine would hold: the window's own memory, sampled all the while, and the shared memory of
window and audio process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile
from figures import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
RATE = 48000
PACKET = 960
SECONDS = 3600
DEMO = Path(__file__).resolve().parents[2] / "resources" / "demo" / "clean"
_EVERY = 0.02

_WINDOW = """
import sys, time, json
from pathlib import Path
from PySide6.QtCore import QTimer
from gaplisten.ui.start import application, begin
from gaplisten.ui.shell.window import WorkbenchWindow
app = application()
window = WorkbenchWindow()
window.resize(1440, 900)
window.show()
began, told, asked = time.perf_counter(), {}, False
begin(window, [Path(sys.argv[1])], demo=False)
end = began + float(sys.argv[2])
hearing = window.controller.hearing
def look():
    global asked
    now, view, state = time.perf_counter(), window.lanes_view, hearing.state
    if len(window.controller.lanes) >= 3:
        if "picture" not in told and not view.busy and view.isVisible():
            view.grab()
            told["picture"] = time.perf_counter() - began
        if "picture" in told and not asked:  # whoever sees it presses Space
            asked = hearing.toggle()
        if "sound" not in told and state.playing and state.position > 0:
            told["sound"] = now - began
    told["reason"] = state.reason
    if now > end:
        window.close_all()
        print(json.dumps(told), flush=True)
        app.quit()
timer = QTimer(interval=5)
timer.timeout.connect(look)
timer.start()
app.exec()
"""


def write_hour(folder: Path, kind: str, seconds: int = SECONDS, rate: int = RATE, odd: int = 0) -> Path:
    """Write a clip of three lanes in the layout of the 2022 challenge.

    Parameters
    ----------
    odd
        Rate of the last lane, where it is another one.
    """
    import soxr

    parts = [soundfile.read(path, dtype="float32") for path in sorted(DEMO.glob("*.flac"))]
    speech = {
        each: (np.concatenate([soxr.resample(x, r, each) for x, r in parts]) * 32767).astype(np.int16)
        for each in {rate, odd or rate}
    }
    packets = seconds * rate // PACKET
    lost = np.random.default_rng(3).random(packets) < 0.05
    roles = ("clean_signals", "lossy_signals", "conceal")
    for role in roles:
        own = odd if odd and role == "conceal" else rate
        (folder / role).mkdir(parents=True, exist_ok=True)
        form = {"subtype": "PCM_16"} if kind in {"wav", "flac"} else {}
        packet = PACKET * own // rate
        with soundfile.SoundFile(folder / role / f"1.{kind}", "w", own, 1, **form) as file:
            for start in range(0, packets, 3000):
                flags = np.repeat(lost[start : start + 3000], packet)
                at = np.arange(start * packet, start * packet + len(flags)) % len(speech[own])
                piece = speech[own][at]
                if role != "clean_signals":
                    piece = np.where(flags, 0 if role == "lossy_signals" else piece // 2, piece)
                file.write(piece.astype(np.int16))
    (folder / "lossy_signals" / "1_is_lost.txt").write_text("".join(f"{int(flag)}\n" for flag in lost))
    return folder


def _kilobytes(pid: int, file: str, name: str) -> int:
    text = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))


def open_window(folder: Path, seconds: float) -> dict[str, float | str]:
    """Open a clip in a window of its own and play it; return what was seen, in seconds and MB."""
    from kit.pulse import sound_server

    with sound_server(RATE), tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"GAPLISTEN_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-c", _WINDOW, str(folder), str(seconds)]
        window = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        most, shared, when, began = 0, 0, 0.0, time.monotonic()
        while window.poll() is None:
            time.sleep(_EVERY)
            try:
                now = _kilobytes(window.pid, "status", "RssAnon")
                if now > most:
                    most, when = now, time.monotonic() - began
                family = [window.pid, *(each.pid for each in psutil.Process(window.pid).children())]
                shared = max(shared, sum(_kilobytes(pid, "smaps_rollup", "Pss_Shmem") for pid in family))
            except (OSError, StopIteration, psutil.Error):
                continue
        said = window.communicate()[0]
    found = json.loads(said.strip().splitlines()[-1])
    return {**found, "anonymous": most / 1024, "when": when, "shared": shared / 1024}


def measure(quick: bool = False) -> list[Figure]:
    """Open an hour of each kind."""
    figures = []
    kinds = ["wav", "flac", "mp3", "44100"]
    for kind in kinds[:1] if quick else kinds:
        with tempfile.TemporaryDirectory(prefix="gaplisten-bench-") as folder:
            if kind == "44100":
                write_hour(Path(folder), "wav", odd=44100)
            else:
                write_hour(Path(folder), kind)
            found = open_window(Path(folder), 25.0 if quick else 45.0)
        name, load = f"1 h x 3 {kind}, whole window", f"load {os.getloadavg()[0]:.1f}"
        picture, sound = float(found.get("picture", np.nan)), float(found.get("sound", np.nan))
        note = f"{load} {found['reason']}"
        figures += [
            Figure(f"{name}: first full picture", picture, "s", note=load),
            Figure(f"{name}: sound after the picture", sound - picture, "s", 0.5, note=note),
            Figure(
                f"{name}: most RssAnon",
                float(found["anonymous"]),
                "MB",
                300.0,
                note=f"{load}, {found['when']:.1f} s after start",
            ),
            Figure(f"{name}: shared memory of all processes", float(found["shared"]), "MB", 64.0),
        ]
    return figures
