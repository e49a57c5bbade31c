"""Plugins that say they are causal, quick and blind and are not: none is certified, and the audit says why."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from gaplisten.concealers.audit import audit
from gaplisten.concealers.audit_material import demo_speech
from gaplisten.concealers.audit_times import untold
from gaplisten.concealers.confining import MEASURING
from gaplisten.concealers.findings import Audit, Verdict
from gaplisten.concealers.process import Spent
from gaplisten.loss.trace import LossTrace
from kit.plugin_folder import entry_of

SPEECH, _ = demo_speech()

WHOLE = """
import numpy as np
causal = True
{head}
def conceal(lossy, lost, rate, packet_frames):
    y, n = lossy.copy(), packet_frames
    for k in np.flatnonzero(lost):
        y[k*n:(k+1)*n] = 0.7 * y[(k-1)*n:k*n] if k else 0
        last = k + 1 == len(lost)
{body}
    return y
"""
NEXT = "y[k*n:(k+1)*n] = lossy[(k+1)*n:(k+2)*n][::-1]"
STREAMING = """
import numpy as np
{head}
class Streaming:
    causal = True
    delay = 0
    def __init__(self, rate, packet_frames, channels):
        self.rate, self.n, self.k = rate, packet_frames, 0
        self.last = np.zeros((packet_frames, channels), np.float32)
{init}
    def packet(self, samples):
        self.k += 1
        self.last = self.last * np.float32(0.5) if samples is None else samples.copy()
        out = self.last.copy()
{body}
        return out
"""


def whole(body: str, head: str = "") -> str:
    return WHOLE.format(head=head, body="\n".join("        " + line for line in body.splitlines()))


def streaming(body: str, head: str = "", init: str = "pass") -> str:
    inside = "\n".join("        " + line for line in body.splitlines())
    return STREAMING.format(head=head, init=f"        {init}", body=inside)


AHEAD = {
    "in every 9th packet": whole(f"if k % 9 == 0 and not last: {NEXT}"),
    "in one channel": whole("if not last: y[k*n:(k+1)*n, 1:] = lossy[(k+1)*n:(k+2)*n, 1:][::-1]"),
    "behind noise 80 dB down": whole(
        f"if not last: {NEXT}\ny += np.random.uniform(-1e-4, 1e-4, y.shape).astype('f4')",
        "deterministic = False",
    ),
    "by the toss of a coin": whole(
        f"if not last and np.random.random() < 0.5: {NEXT}", "deterministic = False"
    ),
    "by the pitch of all that comes": whole(
        "if _low(lossy, rate): y[k*n:(k+1)*n] *= np.float32(0.6)",
        "def _low(x, rate):\n"
        "    m, lags = rate // 50, []\n"
        "    for a in range(0, len(x) - 3 * m, m):\n"
        "        s = x[a:a + 3 * m, 0]\n"
        "        if s @ s / len(s) > 1e-4: lags.append(rate // 400 + np.argmax(np.correlate(s, s, 'full')[len(s) - 1:][rate // 400:rate // 70]))\n"
        "    return np.median(lags) / rate > 0.006 if lags else False",
    ),
    "by a hundredth only": whole("if not last: y[k*n:(k+1)*n] += 0.01 * lossy[(k+1)*n:(k+2)*n]"),
    "of what is lost next": whole("if not last and lost[k+1]: y[k*n:(k+1)*n] *= 0.5"),
    "in the host's frame": streaming(
        "if samples is None:\n    host = sys._getframe(1).f_locals\n    ahead = host['padded'][self.k * self.n:(self.k + 1) * self.n]\n"
        "    if ahead.shape == out.shape: out = out + ahead[::-1] * np.float32(0.5)",
        "import sys",
    ),
    "in the host's frame, if that is there": streaming(
        "if samples is None and self.k % 5 == 0:\n    ahead = sys._getframe(1).f_locals.get('padded', out)[self.k * self.n:(self.k + 1) * self.n]\n"
        "    if ahead.shape == out.shape: out = out + ahead * np.float32(0.5)",
        "import sys",
    ),
    "from the memory of its process": streaming(
        "if samples is None:\n    found = [a for a in gc.get_objects() if isinstance(a, np.ndarray) and a.ndim == 2 and len(a) > 50 * self.n]\n"
        "    frames = [f for f in _frames() if 'padded' in f]\n"
        "    for f in frames:\n        ahead = f['padded'][self.k * self.n:(self.k + 1) * self.n]\n        if ahead.shape == out.shape: out = out + ahead",
        "import gc, sys\ndef _frames():\n    frame = sys._getframe(2)\n    while frame is not None:\n        yield frame.f_locals\n        frame = frame.f_back",
    ),
}


def look(tmp_path: Path, text: str, seconds: float = 5.0, disturbances: int = 40) -> Audit:
    entry = entry_of(tmp_path, "cheat", text)
    return audit(entry, {}, SPEECH, seed=11, seconds=seconds, disturbances=disturbances)


SHORT = ("by the toss of a coin", "in the host's frame, if that is there")


def some(kinds: Iterable[object], *quick: object) -> list[object]:
    """Return the cases, those that are not named marked as long."""
    return [kind if kind in quick else pytest.param(kind, marks=pytest.mark.long) for kind in kinds]


@pytest.mark.parametrize("kind", some(AHEAD, *SHORT))
def test_looking_ahead_is_found(tmp_path: Path, kind: str) -> None:
    found = look(tmp_path, AHEAD[kind], *((3.0, 24) if kind in SHORT else ()))
    assert found.finding("look-ahead").verdict is Verdict.LIES, found.finding("look-ahead")
    assert not found.certified


def test_looking_ahead_at_another_rate_only_is_found(tmp_path: Path) -> None:
    found = look(tmp_path, whole(f"if rate == 48000 and not last: {NEXT}"), 2.0, 24)
    elsewhere = found.finding("look-ahead elsewhere")
    assert found.finding("look-ahead").verdict is Verdict.OK
    assert elsewhere.verdict is Verdict.LIES
    assert "at 48 kHz in " in elsewhere.note
    assert not found.certified


def test_looking_ahead_in_packets_of_another_length_only_is_found(tmp_path: Path) -> None:
    one_rate = whole(f"if n != rate // 50 and not last: {NEXT}", "rates = (16000,)")
    found = look(tmp_path, one_rate, 2.0, 24)
    assert found.finding("look-ahead").verdict is Verdict.OK
    assert found.finding("look-ahead elsewhere").verdict is Verdict.LIES
    assert not found.certified


HEARS = """    y, n = lossy.copy(), packet_frames
    known = load()
    for j in np.flatnonzero(~lost[1:] & ~lost[:-1]) + 1: known[lossy[(j-1)*n:j*n].tobytes()] = lossy[j*n:(j+1)*n].copy()
    save(known)"""
REPLAYS = "before = lossy[(k-1)*n:k*n].tobytes()\nif k and before in known: y[k*n:(k+1)*n] = known[before]"


def hears(load: str, save: str, head: str = "") -> str:
    text = whole(
        REPLAYS,
        f"import os, pickle\n{head}\ndef load():\n    try: {load}\n    except Exception: return {{}}\ndef save(known):\n    try: {save}\n    except Exception: pass",
    )
    return text.replace("    y, n = lossy.copy(), packet_frames", HEARS)


REST = {
    "heard before": {
        "in a database beside it": hears(
            "return pickle.loads(next(_db().execute('select known from heard order by rowid desc'))[0])",
            "db = _db(); db.execute('insert into heard values (?)', (pickle.dumps(known),)); db.commit()",
            "import sqlite3\n"
            "def _db():\n    db = sqlite3.connect(os.path.join(os.path.dirname(__file__), 'heard.db'))\n"
            "    db.execute('create table if not exists heard (known)')\n    return db",
        ),
        "says that it varies, and remembers": whole(
            "before = lossy[(k-1)*n:k*n].tobytes()\nif k and not lost[k-1] and before in _heard: y[k*n:(k+1)*n] = _heard[before]\ny[k*n] += np.random.uniform(-1e-6, 1e-6)",
            "deterministic = False\n_heard = {}",
        ).replace(
            "    y, n = lossy.copy(), packet_frames",
            "    y, n = lossy.copy(), packet_frames\n    for k in np.flatnonzero(~lost[1:] & ~lost[:-1]) + 1: _heard[lossy[(k-1)*n:k*n].tobytes()] = lossy[k*n:(k+1)*n].copy()",
        ),
        "twenty packets in the environment": hears(
            "return pickle.loads(bytes.fromhex(os.environ['HEARD']))",
            "os.environ['HEARD'] = pickle.dumps(dict(list(known.items())[:20])).hex()",
        ),
    },
    "two runs": {
        "honest for its first runs": whole(f"if _runs[0] > 6 and not last: {NEXT}", "_runs = [0]").replace(
            "    y, n = lossy", "    _runs[0] += 1\n    y, n = lossy"
        ),
        "remembers what it heard in other runs": whole(
            "before = y[(k-1)*n:k*n].tobytes()\nif before in _heard: y[k*n:(k+1)*n] = _heard[before]",
            "_heard = {}",
        ).replace(
            "    y, n = lossy.copy(), packet_frames",
            "    y, n = lossy.copy(), packet_frames\n    for k in np.flatnonzero(~lost[1:] & ~lost[:-1]) + 1: _heard[lossy[(k-1)*n:k*n].tobytes()] = lossy[k*n:(k+1)*n].copy()",
        ),
    },
    "delay among losses": {
        "later after each third of the clip": """
import numpy as np
causal = True
def conceal(lossy, lost, rate, packet_frames):
    y = lossy.copy()
    if not lost.any(): return y
    third = len(y) * 2 // 3
    y[third + 40:] = lossy[third:-40]
    return y
""",
    },
    "channels": {
        "crossed": "import numpy as np\ncausal = True\ndef conceal(lossy, lost, rate, packet_frames): return np.ascontiguousarray(lossy[:, ::-1])",
        "crossed later on, among losses": "import numpy as np\ncausal = True\ndef conceal(lossy, lost, rate, packet_frames):\n"
        "    y = lossy.copy(); h = len(y) // 2\n    if lost.any(): y[h:] = y[h:, ::-1]\n    return y",
    },
    "time per packet, p99": {
        "turns back all clocks": streaming(
            "if samples is None:\n    a = _real(); time.sleep(0.02); _skew[0] += _real() - a",
            "import time\n_real = time.perf_counter\n_skew = [0.0]\n"
            "import gaplisten.concealers.stopwatch as host\nhost.perf_counter = lambda: _real() - _skew[0]\ntime.perf_counter = host.perf_counter",
        ),
        "works before the first packet": streaming("pass", "import time", "time.sleep(1.2)"),
        "leaves a thread that works": streaming(
            "self.q.put(1)",
            "import threading, queue\ndef _work(q):\n    while True: q.get(); sum(range(20000))",
            "self.q = queue.Queue(); threading.Thread(target=_work, args=(self.q,), daemon=True).start()",
        ),
    },
}


@pytest.mark.parametrize(
    "lie",
    some(
        [f"{measure}: {kind}" for measure in REST for kind in REST[measure]],
        "delay among losses: later after each third of the clip",
        "channels: crossed later on, among losses",
        "two runs: remembers what it heard in other runs",
        "heard before: in a database beside it",
    ),
)
def test_other_lies_are_found(tmp_path: Path, lie: str) -> None:
    measure, _, kind = lie.partition(": ")
    found = look(tmp_path, REST[measure][kind], disturbances=16)
    assert found.finding(measure).verdict in (Verdict.LIES, Verdict.DOUBT), found.finding(measure)
    assert not found.certified


READS = {
    "soundfile": "import soundfile\nsoundfile.read({path!r})",
    "wave": "import wave\nwave.open({path!r}).readframes(100)",
    "numpy": "np.fromfile({path!r}, 'i2')",
    "a map": "np.memmap({path!r}, 'u1', 'r')",
    "the system's calls": "import os\nos.close(os.open({path!r}, 0))",
    "a C library": "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.fopen.restype = ctypes.c_void_p\nf = libc.fopen({path!r}.encode(), b'rb')\nb = ctypes.create_string_buffer(1 << 20)\nlibc.fread(b, 1, 1 << 20, ctypes.c_void_p(f))",
    "a C library, booked as the host's asking": "import ctypes\nfrom gaplisten.concealers.stopwatch import Stopwatch\nlibc = ctypes.CDLL(None)\nlibc.fopen.restype = ctypes.c_void_p\nf = libc.fopen({path!r}.encode(), b'rb')\nb = ctypes.create_string_buffer(1 << 20)\nlibc.fread(b, 1, 1 << 20, ctypes.c_void_p(f))\nStopwatch.bytes_read += 1 << 20",
    "the host's books": "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'OpenedFiles': o._current = None",
    "the host's frames": "import sys\nsys._getframe(1).f_locals",
    "frames of an error": "try: 1 / 0\nexcept ZeroDivisionError as error: error.__traceback__.tb_frame.f_back",
    "frames by way of a library": "import inspect\ninspect.currentframe()",
    "a program": "import subprocess\nsubprocess.run(['cat', {path!r}], capture_output=True)",
    "a shell": "import os\nos.system('cat {path} > /dev/null')",
    "another name": "import os, shutil\nos.path.exists('/tmp') and open({other!r}, 'rb').read()",
    "a file for later runs": "try: open({path!r} + '.kept', 'wb')\nexcept OSError: pass",
    "the host's memory": "import os\nopen(f'/proc/{{os.getppid()}}/maps').read()",
    "the host's command": "import os\nopen(f'/proc/{{os.getppid()}}/cmdline').read()",
    "a connection": "import socket\ns = socket.socket()\ns.settimeout(0.1)\ntry: s.connect(('127.0.0.1', 9))\nexcept OSError: pass",
}


@pytest.mark.parametrize(
    "how", some(READS, "soundfile", "a file for later runs", "the host's memory", "the host's books")
)
def test_what_it_uses_besides_the_sound_makes_it_not_provable(tmp_path: Path, how: str) -> None:
    path, other = tmp_path / "clean.wav", tmp_path / "weights.bin"
    soundfile.write(path, np.zeros(200_000), 16000)
    other.write_bytes(path.read_bytes())
    body = "\n".join(
        "    " + line for line in READS[how].format(path=str(path), other=str(other)).splitlines()
    )
    text = f"import numpy as np\ncausal = True\ndef conceal(lossy, lost, rate, packet_frames):\n{body}\n    return lossy\n"
    found = look(tmp_path, text, seconds=1.0, disturbances=2)
    finding = found.finding("what else it uses")
    assert finding.verdict is Verdict.DOUBT, finding
    assert found.honest
    assert not found.certified


@pytest.mark.long
def test_one_who_knows_what_was_lost_is_too_good_to_be_true(tmp_path: Path) -> None:
    """It is told by a file of numbers, which no list of sound files would show."""
    from gaplisten.concealers.audit_material import new_speech

    np.save(tmp_path / "weights.npy", new_speech(SPEECH, 13.0, 5, 2).samples)
    text = f"import numpy as np\ncausal = True\nKNOWN = np.load({str(tmp_path / 'weights.npy')!r})\n" + (
        "def conceal(lossy, lost, rate, packet_frames):\n    y = lossy.copy()\n"
        "    gap = np.repeat(lost, packet_frames)[:len(y)]\n    m = min(len(y), len(KNOWN))\n"
        "    y[:m][gap[:m]] = 0.3 * KNOWN[:m, :y.shape[1]][gap[:m]]\n    return y\n"
    )
    found = audit(entry_of(tmp_path, "seer", text), {}, SPEECH, seed=5, disturbances=2)
    assert found.finding("long gaps met").verdict is Verdict.DOUBT
    assert not found.certified


@pytest.mark.long
@pytest.mark.parametrize("seconds", [5, 11, 25, 40])
def test_looking_ahead_late_in_a_clip_is_found(tmp_path: Path, seconds: int) -> None:
    text = whole(f"if k * n > {seconds} * rate and not last: {NEXT}")
    found = audit(entry_of(tmp_path, "cheat", text), {}, SPEECH)
    assert found.finding("look-ahead").verdict is Verdict.LIES


CLOCKS = "import time\n_real = time.perf_counter\n_skew = [0.0]\n{how}"
TURNED = "if samples is None:\n    a = _real(); time.sleep({seconds}); _skew[0] += _real() - a"
HOST = "import gaplisten.concealers.stopwatch as host\nhost.perf_counter = lambda: _real() - _skew[0]"


def test_all_by_which_plugins_are_measured_is_where_it_is_looked_for() -> None:
    assert [name for name in MEASURING if find_spec(name) is None] == []


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("time.perf_counter = lambda: _real() - _skew[0]", "time.perf_counter"),
        (HOST, "stopwatch.perf_counter"),
    ],
)
def test_a_plugin_that_replaces_a_clock_is_not_provable(tmp_path: Path, how: str, name: str) -> None:
    text = streaming(TURNED.format(seconds=0.004), CLOCKS.format(how=how))
    found = look(tmp_path, text, seconds=1.0, disturbances=2)
    finding = found.finding("what else it uses")
    assert finding.verdict is Verdict.DOUBT
    assert name in finding.note
    assert not found.certified


def test_time_that_the_plugins_process_does_not_tell_shows_in_each_packet(tmp_path: Path) -> None:
    """The clock is turned back inside the call and put right before the answer; the sums would not show it."""
    swap = (
        f"host.perf_counter = lambda: _real() - _skew[0]\n{TURNED.format(seconds=0.006)}\nelse: _skew[0] = 0"
    )
    head = CLOCKS.format(how="import gaplisten.concealers.stopwatch as host")
    found = look(tmp_path, streaming(swap, head), seconds=1.0, disturbances=2)
    finding = found.finding("time per packet, p99")
    assert finding.verdict is Verdict.DOUBT, finding
    assert "a lost packet takes" in finding.note


def busy(hidden: float, random: np.random.Generator, trace: LossTrace) -> SimpleNamespace:
    """Handing over waits 5 ms in the mean, as it comes; a third of the packets are asked of one that is idle."""
    waits = random.exponential(0.005, (2, trace.packets))
    spent = [Spent(0, 0), *map(Spent, (waits[0] + hidden * trace.lost).tolist()), Spent(0, 0)]
    asked = random.random(trace.packets) < 0.3
    beside = [Spent(wall) if one else None for wall, one in zip(waits[1].tolist(), asked, strict=True)]
    return SimpleNamespace(
        spent=spent, beside=[Spent(), *beside, None], packet_seconds=np.zeros(trace.packets)
    )


def test_a_busy_machine_neither_makes_an_honest_plugin_doubtful_nor_hides_a_dishonest_one() -> None:
    random = np.random.default_rng(5)
    trace = LossTrace.of_packets(random.random(650) < 0.2, 320, 16000)
    doubts = {0.0: 0, 0.006: 0}
    for _ in range(50):
        for hidden in doubts:
            runs: list[SimpleNamespace] = []
            while len(runs) < 3 and not (runs and untold(runs, trace)[1]):  # type: ignore[arg-type]
                runs.append(busy(hidden, random, trace))
            doubts[hidden] += bool(untold(runs, trace)[0])  # type: ignore[arg-type]
    assert doubts == {0.0: 0, 0.006: 50}


def test_a_plugin_that_takes_longer_than_a_packet_cannot_keep_up(tmp_path: Path) -> None:
    text = streaming("if samples is None: time.sleep(0.023)", "import time")
    found = look(tmp_path, text, seconds=1.0, disturbances=2)
    assert found.finding("time per packet, p99").verdict is Verdict.LATE
    assert found.honest
    assert not found.certified
