"""Plugins written to misbehave: each becomes a clear message, and the next run works."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gaplisten import deadlines
from gaplisten.concealers import catalogue, process
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.confining import NICE
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed, UnknownConcealer
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.deadlines import waited_for_a_processor
from gaplisten.jobs import Job, JobCancelled
from kit.plugin_folder import IMPATIENT, QUICK, described, losses, noise, streaming, whole_file
from kit.timing import PATIENCE, that_ends

pytestmark = pytest.mark.xdist_group("plugins that fail")

SOUND = noise()
TRACE = losses(SOUND)
RECEIVED = ~TRACE.mask(SOUND.frames)
GOOD = "return lossy"


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(workers=1, limits=QUICK) as made:
        yield made


def conceal(runner: Runner, entry: Entry, **parameters: object) -> Concealed:
    return runner.submit(entry, parameters, SOUND, TRACE).result(PATIENCE)


def failure(runner: Runner, entry: Entry) -> ConcealerFailed:
    with pytest.raises(ConcealerFailed) as caught:
        conceal(runner, entry)
    return caught.value


@pytest.fixture(scope="module")
def impatient() -> Iterator[Runner]:
    with Runner(workers=1, limits=IMPATIENT) as made:
        yield made


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    return whole_file(tmp_path_factory.mktemp("innocent"), "innocent", GOOD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all: a plugin of the same path is the same plugin, changed on disk."""
    return tmp_path_factory.mktemp("plugins")


MISBEHAVING = {
    "exception": ("raise ValueError('the wave broke')", r"raised ValueError: the wave broke in line 5"),
    "system exit": ("raise SystemExit(3)", "raised SystemExit: 3"),
    "keyboard interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "sys.exit": ("import sys; sys.exit('bye')", "raised SystemExit: bye"),
    "own exit": ("import os; os._exit(7)", r"ended its process \(exit status 7\)"),
    "silent exit": ("import os; os._exit(0)", r"ended its process \(exit status 0\)"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", "crashed .*[Ss]egmentation"),
    "abort": ("import os; os.abort()", "crashed .*[Aa]bort"),
    "closes everything": ("import os; os.closerange(0, 256)", "ended its process|spoiled the connection"),
    "kills itself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed"),
    "50 GB": ("np.ones(50 * 2**30, np.uint8)", r"wanted more memory than 0.25 GiB in line 5"),
    "50 GB in small steps": ("x = [bytes(2**20) for _ in range(50 * 2**10)]", "wanted more memory"),
    "shared 50 GB": ("import mmap; mmap.mmap(-1, 50 * 2**30)", "memory"),
    "recursion": ("return self.packet(samples)", "raised RecursionError"),
    "None": ("pass", "returned NoneType for packet 0; a numpy array"),
    "list": ("return [0.0] * self.size[0]", "returned list for packet 0"),
    "text": ("return 'sound'", "returned str for packet 0"),
    "integers": ("return np.zeros(self.size, np.int16)", "returned int16 samples for packet 0; float32"),
    "complex": ("return np.zeros(self.size, complex)", "returned complex128 samples"),
    "objects": ("return np.full(self.size, None)", "returned object samples"),
    "short": (
        "return np.zeros((self.size[0] - 1, 1), np.float32)",
        r"shape \(319, 1\) for packet 0; \(320, 1\) is due",
    ),
    "long": ("return np.zeros((self.size[0] + 1, 1), np.float32)", r"shape \(321, 1\)"),
    "flat": ("return np.zeros(self.size[0], np.float32)", r"shape \(320,\) for packet 0; \(320, 1\) is due"),
    "too many channels": ("return np.zeros((self.size[0], 2), np.float32)", r"shape \(320, 2\)"),
    "empty": ("return np.zeros((0, 1), np.float32)", r"shape \(0, 1\)"),
    "NaN": ("return np.full(self.size, np.nan, np.float32)", "NaN or infinity for packet 0"),
    "infinity": ("y = np.zeros(self.size, np.float32); y[7] = np.inf; return y", r"first at frame 7"),
    "infinite as float32": ("return np.full(self.size, 1e300)", "NaN or infinity"),
    "words that no screen takes": (
        r"raise ValueError('\ud800 \x00 \x1b[2J')",
        r"ValueError: \\ud800 \\x00 \\x1b\[2J in",
    ),
    "nameless error": ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "raised Odd"),
}


@pytest.mark.parametrize(("body", "message"), MISBEHAVING.values(), ids=MISBEHAVING.keys())
def test_a_plugin_that_misbehaves_becomes_a_message(
    runner: Runner, folder: Path, body: str, message: str
) -> None:
    error = failure(runner, streaming(folder, "rogue", body))
    assert error.thing == "rogue (rogue.py)"
    assert pytest.raises(AssertionError, match=message).matches(AssertionError(error.fact)), error.fact
    assert error.way_out


@pytest.mark.parametrize(
    "kind", ["exception", "own exit", "segmentation fault", "50 GB", "NaN", "closes everything"]
)
def test_the_next_run_works(runner: Runner, innocent: Entry, folder: Path, kind: str) -> None:
    conceal(runner, innocent)
    failure(runner, streaming(folder, "rogue", MISBEHAVING[kind][0]))
    made = conceal(runner, innocent)
    assert np.array_equal(made.signal.samples[RECEIVED], SOUND.samples[RECEIVED])


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "import ctypes; ctypes.PyDLL(None).sleep(1000)",  # holds the interpreter's lock
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(1000)",
    ],
    ids=["busy", "asleep", "stuck in C", "deaf to signals"],
)
def test_a_plugin_that_hangs_is_stopped_in_time(impatient: Runner, folder: Path, body: str) -> None:
    entry = whole_file(folder, "rogue", body)
    error = that_ends(lambda: failure(impatient, entry))
    assert "did not finish within 1.5 s" in error.fact


def test_a_plugin_that_waits_for_a_processor_is_not_called_slow(
    impatient: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "waited_for_a_processor", lambda pid: time.monotonic())
    entry = whole_file(folder, "patient", "import time\ntime.sleep(2.0)\nreturn lossy")
    assert conceal(impatient, entry).signal.frames == SOUND.frames
    monkeypatch.setattr(deadlines, "PATIENCE", 4.0)  # twenty times would only take longer
    began = time.monotonic()
    assert (
        "did not finish within 1.5 s"
        in failure(impatient, whole_file(folder, "rogue", "while True: pass")).fact
    )
    assert time.monotonic() - began > 5.9  # four times the limit: it ends all the same


BUSY = """
import os, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(os.getpid(), flush=True)
end = time.monotonic() + 30
while time.monotonic() < end:
    pass
"""


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell who waits")
def test_of_two_busy_processes_on_one_processor_each_waits_for_the_other() -> None:
    two = [
        subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        pids = [int(each.stdout.readline()) for each in two if each.stdout is not None]
        before = [waited_for_a_processor(pid) for pid in pids]
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and min(map(waited_for_a_processor, pids)) < max(before) + 0.3:
            time.sleep(0.05)
        grown = [waited_for_a_processor(pid) - was for pid, was in zip(pids, before, strict=True)]
    finally:
        for each in two:
            each.kill()
            each.communicate()
    assert min(grown) > 0.1


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell who waits")
def test_waiting_for_a_busy_processor_is_no_time_that_a_plugin_takes(runner: Runner, folder: Path) -> None:
    body = """
    import os, time
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    began, since = time.process_time(), time.monotonic()
    while time.process_time() - began < 0.15: pass  # others of its priority work there, too
    print(time.monotonic() - since)
    return lossy
    """
    entry = whole_file(folder, "crowded", body)
    other = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.nice({NICE})\n{BUSY}"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline(), "it works from now on"
        for _attempt in range(5):  # how processors are shared out is the system's affair
            made = conceal(runner, entry)
            (spent,) = made.spent
            passed = float(made.messages[0])
            assert 0.5 * spent.cpu < spent.wall < 1.5 * spent.cpu + 0.05, (spent, passed)
            assert made.seconds < 1.5 * spent.cpu + 0.05, (spent, passed)
            if passed > 1.5 * spent.wall:
                return
    finally:
        other.kill()
        other.communicate()
    pytest.skip("the other process was never given the plugin's processor")


def test_the_traceback_shown_begins_at_the_plugin(runner: Runner, tmp_path: Path) -> None:
    entry = whole_file(tmp_path, "rogue", "def inner():\n    return 1 / 0\ninner()")
    details = failure(runner, entry).details
    assert "ZeroDivisionError" in details
    assert "rogue.py" in details
    assert "return 1 / 0" in details
    assert "gaplisten/concealers" not in details


def test_what_a_plugin_says_to_its_user_is_shown_as_it_says_it(runner: Runner, tmp_path: Path) -> None:
    body = """
    class Refused(ValueError): for_user = True
    raise Refused({text!r})
    """
    said = {
        "no model is set; get one; set `model`": ("no model is set; get one", "set `model`"),
        "no": ("no", "check its parameters"),
    }
    for text, parts in said.items():
        error = failure(runner, whole_file(tmp_path, "picky", body.format(text=text)))
        assert (error.fact, error.way_out, error.details) == (*parts, "")


def test_a_crash_is_shown_with_the_line_that_caused_it(runner: Runner, tmp_path: Path) -> None:
    details = failure(runner, whole_file(tmp_path, "rogue", "import ctypes\nctypes.string_at(0)")).details
    assert 'rogue.py", line 4 in conceal' in details
    assert "gaplisten/concealers" not in details
    assert "Thread 0x" not in details.replace("Current thread 0x", "")
    assert "Extension modules" not in details


def test_what_a_plugin_prints_is_a_message_and_nothing_else(runner: Runner, tmp_path: Path) -> None:
    body = """
    import os, sys
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"past Python\\n")
    sys.__stdout__.write("GLpx" + chr(0) * 20 + chr(10))
    os.system("echo from a child")
    return lossy
    """
    made = conceal(runner, whole_file(tmp_path, "chatty", body))
    assert np.array_equal(
        made.signal.samples, conceal(runner, whole_file(tmp_path, "plain", GOOD)).signal.samples
    )
    for line in ("to stdout", "to stderr", "past Python", "from a child"):
        assert line in made.messages


def test_a_flood_of_output_is_kept_within_bounds(runner: Runner, tmp_path: Path) -> None:
    made = conceal(
        runner, whole_file(tmp_path, "flood", "for i in range(200_000): print(i, 'x' * 80)\nreturn lossy")
    )
    assert len(made.messages) <= 100
    assert made.messages[-1].startswith("199999 ")


@pytest.mark.parametrize(
    "body",
    [
        "import sys\nsys.stdout = sys.stderr = None\nreturn lossy",
        "import sys\nsys.stdout.close()\nsys.stderr.close()\nreturn lossy",
        "import os\nos.close(1)\nos.close(2)\nreturn lossy",
        "import os\nos.chdir('/')\nreturn lossy",
        "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\nreturn lossy",
        "import signal\nsignal.alarm(0)\nreturn lossy",
        "lossy[:] = 1\nlost[:] = False\nreturn lossy * 0",
    ],
    ids=[
        "no streams",
        "closed streams",
        "closed descriptors",
        "another folder",
        "strict numpy",
        "alarm",
        "in place",
    ],
)
def test_what_a_plugin_does_to_its_process_harms_nobody(runner: Runner, tmp_path: Path, body: str) -> None:
    assert conceal(runner, whole_file(tmp_path, "rude", body)).signal.frames == SOUND.frames
    check = "x = np.float32(1e38) * np.float32(1e38)\nimport warnings; warnings.warn('ok')\nprint('heard')\nreturn lossy"
    assert "heard" in conceal(runner, whole_file(tmp_path / "b", "next", check)).messages


def test_a_plugin_that_patches_numpy_is_not_blamed_on_the_next(runner: Runner, tmp_path: Path) -> None:
    spoil = "np.zeros = np.concatenate = np.isfinite = None\nimport json\njson.loads = None\nreturn lossy"
    conceal_or_fail = runner.submit(whole_file(tmp_path / "a", "vandal", spoil), {}, SOUND, TRACE)
    assert isinstance(conceal_or_fail.exception(60), ConcealerFailed)
    made = conceal(runner, streaming(tmp_path / "b", "victim", "return np.zeros(self.size, 'f4')"))
    assert not made.signal.samples.any()


def test_memory_below_the_limit_is_given(runner: Runner, tmp_path: Path) -> None:
    for mebibytes, enough in ((200, True), (300, False)):
        entry = whole_file(tmp_path, "hungry", f"np.ones({mebibytes} * 2**20, np.uint8)\nreturn lossy")
        assert (runner.submit(entry, {}, SOUND, TRACE).exception(60) is None) is enough


def test_workers_stand_back_and_use_one_thread(runner: Runner, tmp_path: Path) -> None:
    body = "import os\nprint(os.nice(0), os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])\nreturn lossy"
    nice, *threads = conceal(runner, whole_file(tmp_path, "told", body)).messages[0].split()
    assert int(nice) >= min(os.nice(0) + 10, 19)
    assert threads == ["1", "1"]


def test_the_time_limit_is_ten_times_real_time_but_ten_seconds_at_least() -> None:
    assert [Limits().seconds(length) for length in (0.1, 1.0, 2.0, 60.0)] == [10.0, 10.0, 20.0, 600.0]
    assert Limits().memory_bytes == 2 * 2**30


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False
    return status != "Z"


def _gone(pids: list[int], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while any(map(_alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(_alive, pids))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    "body",
    [
        "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)\nreturn lossy",
        "import os, time\npid = os.fork()\nif pid == 0: time.sleep(300)\nprint(pid)\nreturn lossy",
        "import os, time\npid = os.fork()\nif pid == 0: time.sleep(300)\nprint(pid, flush=True)\nos._exit(1)",
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '300']).pid, flush=True)\ntime.sleep(300)",
    ],
    ids=["program", "fork", "fork and exit", "program and hang"],
)
def test_what_a_plugin_leaves_running_is_ended(impatient: Runner, tmp_path: Path, body: str) -> None:
    entry = whole_file(tmp_path, "parent", body)
    try:
        printed = "\n".join(conceal(impatient, entry).messages)
    except ConcealerFailed as error:
        printed = error.details
    assert _gone([int(printed.split()[0])])


def test_a_child_that_comes_back_from_a_fork_does_not_answer_too(runner: Runner, tmp_path: Path) -> None:
    entry = streaming(tmp_path, "twins", "import os; os.fork(); return np.zeros(self.size, np.float32)")
    small = noise(0.06)
    made = runner.submit(entry, {}, small, losses(small, (1,))).result(PATIENCE)
    assert not made.signal.samples.any()


def test_a_thread_left_behind_costs_the_worker_and_nothing_else(runner: Runner, tmp_path: Path) -> None:
    body = "import threading, time, os\nthreading.Thread(target=time.sleep, args=(300,)).start()\nprint(os.getpid())\nreturn lossy"
    made = conceal(runner, whole_file(tmp_path, "threads", body))
    assert _gone([int(made.messages[0])])
    assert made.messages[1] == "left 1 running thread behind, so its process was ended"


def test_memory_that_is_kept_is_given_back(runner: Runner, tmp_path: Path) -> None:
    body = "import builtins, os\nbuiltins.kept = np.ones(180 * 2**20, np.uint8)\nprint(os.getpid())\nreturn lossy"
    first = conceal(runner, whole_file(tmp_path, "hoarder", body)).messages[0]
    assert conceal(runner, whole_file(tmp_path, "hoarder", body)).messages[0] != first


IMPORTS = {
    "import error": (
        "import no_such_library_anywhere",
        "raised ModuleNotFoundError: .*no_such_library_anywhere.* in line 1",
    ),
    "syntax error": ("def conceal(:\n", "raised SyntaxError: invalid syntax in line 1$"),
    "null bytes": ("x = 1\0", "raised SyntaxError|raised ValueError"),
    "empty": ("", "defines neither a class with a method 'packet' nor a function 'conceal'"),
    "exception": ("raise RuntimeError('not today')", "raised RuntimeError: not today"),
    "exit": ("import os; os._exit(4)", "exit status 4"),
    "system exit": ("raise SystemExit", "raised SystemExit"),
    "crash": ("import ctypes; ctypes.string_at(0)", "crashed"),
    "hang": ("while True: pass", "did not finish within 3 s"),
    "50 GB": ("import numpy\nx = numpy.ones(50 * 2**30, 'u1')", "wanted more memory"),
    "two": (
        "def conceal(lossy, lost, rate, packet_frames): pass\nclass A:\n def packet(self, s): pass",
        "several concealers",
    ),
    "signature": ("def conceal(x): return x", r"is called with \(lossy, lost, rate, packet_frames, ...\)"),
    "not code": ("\x89PNG\r\n", "raised SyntaxError"),
    "range": (
        "from typing import Annotated\n"
        "def conceal(lossy, lost, rate, packet_frames, *, a: Annotated[float, {'ge': 0, 'le': 1}] = 2.0): pass",
        "the default of parameter 'a' is 2.0, outside its range",
    ),
    "annotation": (
        "def conceal(lossy, lost, rate, packet_frames, *, a: dict = {}): pass",
        "use float, int, bool",
    ),
    "name": ("name = 3\ndef conceal(lossy, lost, rate, packet_frames): pass", "'name' is 3; it is text"),
    "rates": ("rates = 'all'\ndef conceal(lossy, lost, rate, packet_frames): pass", "'rates' is 'all'"),
    "channels": ("channels = 2\ndef conceal(lossy, lost, rate, packet_frames): pass", "'channels' is 2"),
}


def test_files_that_cannot_be_plugins_are_listed_with_the_reason_and_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (text, _) in enumerate(IMPORTS.values()):
        (tmp_path / f"bad{number:02}.py").write_text(text)
    (tmp_path / "good.py").write_text("def conceal(lossy, lost, rate, packet_frames): return lossy")
    (tmp_path / "unreadable.py").symlink_to(tmp_path / "nowhere.py")
    first = Catalogue.scan([tmp_path], others=False, limits=IMPATIENT)
    assert [entry.name for entry in first.usable] == ["good"]
    for entry, (_, message) in zip(first.broken, IMPORTS.values(), strict=False):
        assert pytest.raises(AssertionError, match=message).matches(AssertionError(entry.message)), entry
    with pytest.raises(UnknownConcealer, match="bad09"):
        first.get("bad09")
    monkeypatch.setattr(catalogue, "Pool", None)  # nothing can be run
    again = Catalogue.scan([tmp_path], others=False, limits=IMPATIENT)
    assert again.entries == first.entries


def test_a_broken_entry_run_all_the_same_fails_with_its_message(runner: Runner, tmp_path: Path) -> None:
    broken = described(tmp_path, "bad", "raise RuntimeError('not today')")
    with pytest.raises(ConcealerFailed, match="not today"):
        runner.submit(broken, {}, SOUND, TRACE).result()


def test_one_lane_s_crash_leaves_the_others_running(tmp_path: Path) -> None:
    slow = whole_file(tmp_path, "slow", "import time\ntime.sleep(0.6)\nreturn lossy + 0.25")
    bad = whole_file(tmp_path, "bad", "import os\nos._exit(1)")
    with Runner(workers=2, limits=QUICK) as both:
        going = both.submit(slow, {}, SOUND, TRACE)
        failed = [both.submit(bad, {}, SOUND, TRACE) for _ in range(3)]
        assert all(isinstance(future.exception(60), ConcealerFailed) for future in failed)
        assert float(going.result(PATIENCE).signal.samples[-1, 0]) == SOUND.samples[-1, 0] + np.float32(0.25)


def test_a_cancelled_job_stops_its_plugin_and_only_that(runner: Runner, tmp_path: Path) -> None:
    entry = whole_file(tmp_path, "slow", "import time\ntime.sleep(1000)\nreturn lossy")
    job = Job()
    future = runner.submit(entry, {}, SOUND, TRACE, job)
    time.sleep(0.1)
    job.cancel()
    with pytest.raises(JobCancelled):
        future.result(PATIENCE)


def test_a_cancelled_job_that_waits_never_starts(runner: Runner, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    slow = whole_file(tmp_path, "slow", "import time\ntime.sleep(0.3)\nreturn lossy")
    marking = whole_file(tmp_path / "m", "marking", f"open({str(marker)!r}, 'w').close()\nreturn lossy")
    job = Job()
    first, second = runner.submit(slow, {}, SOUND, TRACE), runner.submit(marking, {}, SOUND, TRACE, job)
    job.cancel()
    first.result(PATIENCE)
    with pytest.raises(JobCancelled):
        second.result(PATIENCE)
    assert not marker.exists()


def test_closing_the_runner_ends_a_hanging_plugin(tmp_path: Path) -> None:
    entry = whole_file(tmp_path, "hang", "while True: pass")
    made = Runner(workers=1, limits=QUICK)
    future = made.submit(entry, {}, SOUND, TRACE)
    time.sleep(0.4)
    made.close()
    assert isinstance(future.exception(60), JobCancelled)


HOST = """
import sys, time
sys.path[:0] = {path!r}
from pathlib import Path
from kit.plugin_folder import losses, noise
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import Limits
from gaplisten.concealers.runner import Runner
catalogue = Catalogue.scan([Path({folder!r})], others=False)
runner = Runner(workers=2)
sound = noise()
for name in {names!r}:
    runner.submit(catalogue.get(name), {{}}, sound, losses(sound))
time.sleep(100)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_host_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    told = tmp_path / "pids"
    note = f"import os\nopen({str(told)!r}, 'a').write(str(os.getpid()) + ' ')\n"
    child = f"import subprocess\nopen({str(told)!r}, 'a').write(str(subprocess.Popen(['sleep', '300']).pid) + ' ')\n"
    whole_file(tmp_path / "p", "stuck", note + "import ctypes\nctypes.PyDLL(None).sleep(1000)")
    whole_file(tmp_path / "p", "parent", note + child + "import time\ntime.sleep(1000)")
    code = HOST.format(path=sys.path, folder=str(tmp_path / "p"), names=["stuck", "parent"])
    host = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    try:
        end = time.monotonic() + PATIENCE
        while (not told.exists() or len(told.read_text().split()) < 3) and time.monotonic() < end:
            time.sleep(0.05)
        pids = [int(word) for word in told.read_text().split()]
        assert len(pids) == 3
        assert all(map(_alive, pids))
    finally:
        os.kill(host.pid, signal.SIGKILL)
        host.wait()
    assert _gone(pids)


def test_a_script_without_a_main_guard_can_run_concealers(tmp_path: Path) -> None:
    """Spawned children of multiprocessing would run such a script again and again; ours never see it."""
    whole_file(tmp_path / "p", "good", GOOD)
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys\nsys.path[:0] = {sys.path!r}\nprint('once')\nfrom pathlib import Path\n"
        "from kit.plugin_folder import losses, noise\n"
        "from gaplisten.concealers.catalogue import Catalogue\nfrom gaplisten.concealers.runner import Runner\n"
        f"catalogue = Catalogue.scan([Path({str(tmp_path / 'p')!r})], others=False)\nsound = noise()\n"
        "with Runner() as runner:\n"
        "    print(runner.submit(catalogue.get('good'), {}, sound, losses(sound)).result().signal.frames)\n"
    )
    (tmp_path / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    done = subprocess.run(
        [sys.executable, "-P", script], capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE
    )
    assert done.stdout.split() == ["once", str(SOUND.frames)], done.stderr
