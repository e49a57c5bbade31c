"""Nothing that one plugin imports, patches or leaves behind changes what another one, or its own later version, does."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.commands import panel as panel_command
from gaplisten.concealers import children
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.process import WorkerProcess
from gaplisten.concealers.runner import Runner
from gaplisten.panel.frozen import open_panel
from kit.challenge import challenge_set
from kit.plugin_folder import QUICK, bundled, entry_of, losses, noise, whole_file, write
from kit.timing import PATIENCE

pytestmark = pytest.mark.xdist_group("plugins that fail")

SOUND = noise(0.2)
TRACE = losses(SOUND, (3,))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")

# What a process is like, and what its libraries make of it: one number.
TELLTALE = """
import numpy as np
def conceal(lossy, lost, rate, packet_frames):
    import builtins, ctypes, decimal, gc, json, locale, os, random, resource, signal, sys, tempfile, threading, warnings
    import scipy.signal
    x = np.cos(np.arange(64) ** 2 / 7.0)
    own = os.environ.get("TMPDIR", "?")  # each process has one to itself
    state = [
        sorted(sys.path), sys.getrecursionlimit(), sys.getswitchinterval(), {n: v.replace(own, "own") for n, v in os.environ.items() if n != "PYTEST_CURRENT_TEST"}, os.getcwd(), tempfile.gettempdir().replace(own, "own"), os.listdir(tempfile.gettempdir()),
        decimal.getcontext().prec, np.geterr(), np.get_printoptions()["precision"], len(warnings.filters),
        gc.isenabled(), threading.active_count(), sorted(map(str, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        str(signal.getsignal(signal.SIGTERM)), resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CPU),
        [str(hook) for hook in sys.meta_path], sys.gettrace() is None, sys.getprofile() is None, locale.setlocale(locale.LC_ALL),
        ctypes.CDLL(None).fegetround(), float(np.float32(1e-40) * np.float32(0.5)), os.sched_getaffinity(0) and len(os.sched_getaffinity(0)),
        np.fft.rfft(x).tolist().__repr__(), np.convolve(x, x).tolist(), np.einsum("i,j->ij", x, x).tolist(),
        scipy.signal.lfilter([1, 2], [1, 0.5], x).tolist(), json.dumps([1.5]), sum([1, 2]), sorted(len(os.readlink(f"/proc/self/fd/{n}")) > 0 for n in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{n}")),
        "utils" in sys.modules, hasattr(builtins, "left"), os.umask(0o22),
    ]
    print(__import__("hashlib").md5(repr(state).encode()).hexdigest())
    return lossy
"""

SPOIL = {
    "a module of a common name": "import sys, types\nsys.modules['utils'] = types.ModuleType('utils')",
    "libraries patched": "import scipy.signal\nreal = np.fft.rfft\nnp.fft.rfft = lambda *a, **k: 0.5 * real(*a, **k)\n"
    "np.convolve = lambda a, v, mode='full': np.zeros(3)\nscipy.signal.lfilter = lambda b, a, x: x\nnp.einsum = lambda *a: np.zeros(2)",
    "path, environment, folder": "import os, sys, tempfile\nsys.path.insert(0, '/nonexistent')\nos.environ['TMPDIR'] = '/nonexistent'\nos.chdir('/')\ntempfile.tempdir = '/'",
    "umask and recursion limit": "import os, sys\nos.umask(0o777)\nsys.setrecursionlimit(200)\nsys.setswitchinterval(1)",
    "system limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (600, 600))\nresource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))",
    "an audit hook": "import sys\nsys.addaudithook(lambda event, args: (_ for _ in ()).throw(RuntimeError) if event == 'os.listdir' else None)",
    "errors and warnings": "import warnings\nnp.seterr(all='raise')\nwarnings.simplefilter('error')\nnp.set_printoptions(precision=2)",
    "decimal and locale": "import decimal, locale\ndecimal.getcontext().prec = 3\nlocale.setlocale(locale.LC_ALL, 'C')",
    "signals": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGALRM])\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "builtins": "import builtins\nbuiltins.left = 1\nbuiltins.sum = lambda *a: 0",
    "the way of rounding": "import ctypes\nctypes.CDLL(None).fesetround(0x400)",
    "import hooks": "import sys\nclass F:\n    def find_spec(self, *a): return None\nsys.meta_path.insert(0, F())",
    "tracing": "import sys\nsys.setprofile(lambda *a: None)\nsys.settrace(lambda *a: None)",
    "no collecting of garbage": "import gc\ngc.disable()",
    "open files": "import os\nglobal held\nheld = [open('/etc/hostname') for _ in range(30)]",
    "a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
    "one processor": "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
    "messages": "import json\nreal = json.dumps\njson.dumps = lambda *a, **k: real(*a, **k).replace('1.5', '2.5')",
}


@LINUX
@pytest.mark.parametrize("kind", SPOIL)
def test_what_a_plugin_does_to_its_process_reaches_no_other(tmp_path: Path, kind: str) -> None:
    telltale = entry_of(tmp_path / "told", "telltale", TELLTALE)
    vandal = whole_file(tmp_path, "vandal", f"{SPOIL[kind]}\nreturn lossy")
    first = "    import builtins,"
    spoil = textwrap.indent(SPOIL[kind], "    ")
    spoilt = entry_of(tmp_path / "spoilt", "telltale", TELLTALE.replace(first, f"{spoil}\n{first}"))
    told = []
    for before in (None, vandal):
        with Runner(workers=1, limits=QUICK) as runner:
            if before is not None:
                runner.submit(before, {}, SOUND, TRACE).exception(60)
            told.append(runner.submit(telltale, {}, SOUND, TRACE).result(60).messages[-1])
            if before is None:  # the telltale would see it
                itself = runner.submit(spoilt, {}, SOUND, TRACE)
                assert itself.exception(60) is not None or itself.result().messages[-1] != told[0]
    assert told[0] == told[1]


@LINUX
@pytest.mark.parametrize(
    "how",
    [
        "os.sched_setaffinity(up, {min(os.sched_getaffinity(0))})",
        "resource.prlimit(up, resource.RLIMIT_CPU, (600, resource.RLIM_INFINITY))",
        "os.kill(up, signal.SIGSTOP)",
    ],
)
def test_what_a_plugin_does_to_the_process_that_forks_others_reaches_none(tmp_path: Path, how: str) -> None:
    state = "import os, resource\nprint(os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_CPU))"
    told = whole_file(tmp_path, "told", f"{state}\nreturn lossy")
    vandal = whole_file(
        tmp_path, "vandal", f"import os, resource, signal\nup = os.getppid()\n{how}\nreturn lossy"
    )
    states = []
    for before in (None, vandal):
        with Runner(workers=1, limits=QUICK) as runner:
            if before is not None:
                runner.submit(before, {}, SOUND, TRACE).result(60)
            states.append(runner.submit(told, {}, SOUND, TRACE).result(60).messages[-1])
    assert states[0] == states[1]


@LINUX
def test_the_same_plugin_stays_in_its_warm_process_and_no_other_comes_in(tmp_path: Path) -> None:
    entries = [
        whole_file(tmp_path / name, name, "import os\nprint(os.getpid())\nreturn lossy") for name in "abc"
    ]
    with Runner(workers=1, limits=QUICK) as runner:

        def process_of(entry: Entry) -> str:
            return runner.submit(entry, {}, SOUND, TRACE).result(60).messages[0]

        first = [process_of(entry) for entry in entries]
        assert len(set(first)) == 3
        assert [process_of(entry) for entry in entries] == first


def wait_until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not fact() and time.monotonic() < end:
        time.sleep(0.01)
    assert fact()


LEAVES = {
    "by Python": "open(os.path.join(tempfile.gettempdir(), 'left'), 'a').write('x')",
    "in a folder": "os.makedirs(os.path.join(tempfile.gettempdir(), 'a', 'b'))",
    "by a C library": "import ctypes\nassert ctypes.CDLL(None).open(os.fsencode(os.path.join(tempfile.gettempdir(), 'left')), 0o101, 0o600) >= 0",
    "by a program": "import subprocess\nsubprocess.run('echo x > \"$TMPDIR/left\"', shell=True, check=True)",
}


@LINUX
@pytest.mark.parametrize("how", LEAVES)
def test_no_run_meets_what_another_left_in_the_temporary_folder(tmp_path: Path, how: str) -> None:
    body = f"import os, tempfile\nprint(os.listdir(tempfile.gettempdir()))\nprint(tempfile.gettempdir())\n{LEAVES[how]}\nreturn lossy"
    leaves = whole_file(tmp_path / "leaves", "leaves", body)
    with Runner(workers=1, limits=QUICK) as runner:
        runs = [runner.submit(leaves, {}, SOUND, TRACE).result(60).messages for _ in range(2)]
    assert [found for found, _ in runs] == ["[]", "[]"]
    assert runs[0][1] != runs[1][1]
    wait_until(lambda: not any(os.path.exists(folder) for _, folder in runs))


@LINUX
def test_a_plugin_that_clears_up_or_left_its_files_when_it_was_imported_stays_warm(tmp_path: Path) -> None:
    head = "import os, tempfile\nheld = tempfile.mkdtemp()\nwith open(os.path.join(held, 'weights'), 'w') as file: file.write('x')\n"
    body = "def conceal(lossy, lost, rate, packet_frames):\n    with tempfile.NamedTemporaryFile() as file: file.write(b'x')\n    print(os.getpid())\n    with open(os.path.join(held, 'weights')) as file: file.read()\n    return lossy\n"
    tidy = entry_of(tmp_path, "tidy", head + body)
    with Runner(workers=1, limits=QUICK) as runner:
        runs = [runner.submit(tidy, {}, SOUND, TRACE).result(60) for _ in range(3)]
    assert len({run.messages for run in runs}) == 1
    assert not [file for run in runs for file in run.files if "weights" in str(file)]


@LINUX
def test_temporary_folders_are_gone_with_their_host_however_it_ends(tmp_path: Path) -> None:
    entry_of(
        tmp_path,
        "tells",
        "import tempfile\ndef conceal(lossy, lost, rate, packet_frames):\n    print(tempfile.gettempdir())\n    return lossy",
    )
    host = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from kit.plugin_folder import entry_of, noise; from gaplisten.concealers.runner import Runner\n"
        "path = Path(sys.argv[2]); runner = Runner(workers=1)\n"
        "print(runner.submit(entry_of(path.parent, path.stem, path.read_text()), {}, noise(0.1), None).result().messages[-1], flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    words = [sys.executable, "-c", host, str(Path(__file__).parents[1]), str(tmp_path / "tells.py")]
    told = subprocess.run(words, capture_output=True, text=True, timeout=10 * PATIENCE).stdout.strip()
    assert "gaplisten-plugin-" in told
    wait_until(lambda: not os.path.exists(told))


def test_the_programs_own_concealers_share_a_process_and_let_no_other_in(tmp_path: Path) -> None:
    catalogue = Catalogue.scan([tmp_path])
    with Runner(workers=1, limits=QUICK) as runner:
        for name in ("repeat_fade", "zero_fill"):
            runner.submit(catalogue.get(name), {}, SOUND, TRACE).result(60)
        (shared,) = runner._pool._idle
        assert len(shared.loaded) == 2
        body = "import sys\nprint(sum('gaplisten_plugin' in name for name in sys.modules))\nreturn lossy"
        made = runner.submit(whole_file(tmp_path, "stranger", body), {}, SOUND, TRACE).result(60)
    assert made.messages == ("1",)


def described(folder: Path, name: str) -> Entry:
    """Return a plugin of a folder; a test that fails here says what is wrong with it."""
    catalogue = Catalogue.scan([folder], others=False)
    wrong = [f"{each.message} {each.details}" for each in catalogue.broken if each.name == name]
    assert not wrong, wrong
    return next(each for each in catalogue.usable if each.name == name)


def two_repositories(folder: Path, same_text: bool = False) -> list[Entry]:
    """Write two plugins that each put a folder of their own on the path and import `utils` from it."""
    found = []
    for name, gain in (("one", 0.25), ("two", 0.75)):
        home = folder / name if same_text else folder
        (home / f"parts_{'' if same_text else name}").mkdir(parents=True)
        (home / f"parts_{'' if same_text else name}" / "utils.py").write_text(f"GAIN = {gain}\n")
        text = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, str(Path(__file__).resolve().parent / "parts_{"" if same_text else name}"))
        import utils
        def conceal(lossy, lost, rate, packet_frames):
            out = lossy.copy(); out[:] = utils.GAIN
            return out
        """
        path = write(home, "plc" if same_text else name, text)
        found.append(described(path.parent, path.stem))
    return found


@pytest.mark.parametrize("same_text", [False, True], ids=["two files", "one file in two folders"])
def test_two_plugins_with_a_helper_of_one_name_get_each_its_own(tmp_path: Path, same_text: bool) -> None:
    entries = two_repositories(tmp_path, same_text)
    with Runner(workers=1, limits=QUICK, cache=Cache(tmp_path / "kept")) as runner:
        for entry, gain in [*zip(entries, (0.25, 0.75), strict=True)] * 2:
            assert (runner.submit(entry, {}, SOUND, TRACE).result(60).signal.samples == gain).all()


def test_a_panel_freezes_what_each_of_two_repositories_makes(tmp_path: Path) -> None:
    two_repositories(tmp_path / "plugins")
    root = challenge_set(tmp_path / "set", 1)
    definition = tmp_path / "set" / "panel.toml"
    definition.write_text(
        textwrap.dedent("""
        format = 1
        title = "two repositories"
        method = "acr"
        language = "en"
        seed = 1
        [clips]
        folders = ["."]
        packet_ms = 20
        [[condition]]
        name = "A"
        concealer = "one"
        [[condition]]
        name = "B"
        concealer = "two"
        [training]
        trials = 0
        """)
    )
    assert root.is_dir()
    panel_command.build(definition, tmp_path / "built", plugins=[tmp_path / "plugins"])
    panel = open_panel(tmp_path / "built")
    levels = {}
    for stimulus in panel.key.stimuli:
        samples, _ = soundfile.read(tmp_path / "built" / "stimuli" / f"{stimulus.code}.wav")
        levels.setdefault(stimulus.condition, set()).add(round(float(np.abs(samples).max()), 3))
    one, two = levels["A"], levels["B"]
    assert len(one) == len(two) == 1
    assert max(two) == pytest.approx(3 * max(one), rel=0.01)


HELPED = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent))
{how}
def conceal(lossy, lost, rate, packet_frames):
    return (lossy * 0 + {value}).astype("float32")
"""


def edited_quietly(path: Path, text: str) -> None:
    """Edit a file so that neither size nor time of modification show it."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def _module(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "part.py").write_text("VALUE = 0.75")
    return "import part", "part.VALUE", lambda: (folder / "part.py").write_text("VALUE = 0.25")


def _module_quietly(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "part.py").write_text("VALUE = 0.75")
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", folder], check=True
    )  # Python would believe that
    return "import part", "part.VALUE", lambda: edited_quietly(folder / "part.py", "VALUE = 0.25")


def _inside_a_package(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "pack" / "deep").mkdir(parents=True)
    (folder / "pack" / "deep" / "part.py").write_text("VALUE = 0.75")
    change = lambda: (folder / "pack" / "deep" / "part.py").write_text("VALUE = 0.25")  # noqa: E731
    return "import pack.deep.part as part", "part.VALUE", change


def _imported_late(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "part.py").write_text("VALUE = 0.75")
    late = "def value():\n    import part\n    return part.VALUE"
    return late, "value()", lambda: (folder / "part.py").write_text("VALUE = 0.25")


def _link(folder: Path) -> tuple[str, str, Callable[[], object]]:
    for name, value in (("first", 0.75), ("second", 0.25)):
        (folder / name).mkdir()
        (folder / name / "part.py").write_text(f"VALUE = {value}")
        os.utime(folder / name / "part.py", (1, 1))
    (folder / "part.py").symlink_to(folder / "first" / "part.py")

    def lead_elsewhere() -> None:
        (folder / "part.py").unlink()
        (folder / "part.py").symlink_to(folder / "second" / "part.py")

    return "import part", "part.VALUE", lead_elsewhere


def _one_that_comes_before(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "later").mkdir()
    (folder / "later" / "part.py").write_text("VALUE = 0.75")
    how = "sys.path.append(str(Path(__file__).resolve().parent / 'later'))\nimport part"
    return how, "part.VALUE", lambda: (folder / "part.py").write_text("VALUE = 0.25")


def _one_that_was_not_there(folder: Path) -> tuple[str, str, Callable[[], object]]:
    how = "try:\n    from part import VALUE\nexcept ImportError:\n    VALUE = 0.75"
    return how, "VALUE", lambda: (folder / "part.py").write_text("VALUE = 0.25")


def _settings_that_were_not_there(folder: Path) -> tuple[str, str, Callable[[], object]]:
    how = f"try:\n    VALUE = float(open({str(folder / 'set.txt')!r}).read())\nexcept OSError:\n    VALUE = 0.75"
    return how, "VALUE", lambda: (folder / "set.txt").write_text("0.25")


def _an_array(folder: Path) -> tuple[str, str, Callable[[], object]]:
    np.save(folder / "weights.npy", np.float32(0.75))
    how = f"import numpy as np\nVALUE = np.load({str(folder / 'weights.npy')!r})"
    return how, "VALUE", lambda: np.save(folder / "weights.npy", np.float32(0.25))


def _found_by_listing(folder: Path) -> tuple[str, str, Callable[[], object]]:
    (folder / "weights").mkdir()
    (folder / "weights" / "0.75").touch()
    how = f"import os\nVALUE = min(map(float, os.listdir({str(folder / 'weights')!r})))"
    return how, "VALUE", lambda: (folder / "weights" / "0.25").touch()


@pytest.mark.parametrize("warm", [True, False], ids=["same runner", "another runner"])
@pytest.mark.parametrize(
    "kind",
    [
        _module,
        _module_quietly,
        _inside_a_package,
        _imported_late,
        _link,
        _one_that_comes_before,
        _one_that_was_not_there,
        _settings_that_were_not_there,
        _an_array,
        _found_by_listing,
    ],
    ids=lambda kind: kind.__name__.strip("_").replace("_", " "),
)
def test_an_edited_helper_never_yields_an_old_result(
    tmp_path: Path, kind: Callable[[Path], tuple[str, str, Callable[[], object]]], warm: bool
) -> None:
    how, value, edit = kind(tmp_path)
    write(tmp_path, "user", HELPED.format(how=how, value=value))
    entry = described(tmp_path, "user")
    cache = Cache(tmp_path / "gaplisten-kept")
    runner = Runner(workers=1, limits=QUICK, cache=cache)
    try:
        assert (runner.submit(entry, {}, SOUND, TRACE).result(60).signal.samples == 0.75).all()
        if warm:
            assert runner.submit(entry, {}, SOUND, TRACE).result(60).cached
        edit()
        if not warm:
            runner.close()
            runner = Runner(workers=1, limits=QUICK, cache=cache)
        made = runner.submit(entry, {}, SOUND, TRACE).result(60)
        assert not made.cached
        assert (made.signal.samples == 0.25).all()
        assert (runner.submit(entry, {}, SOUND, TRACE).result(60).signal.samples == 0.25).all()
    finally:
        runner.close()


def test_nothing_is_written_beside_a_helper(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("VALUE = 0.75")
    write(tmp_path, "user", HELPED.format(how="import part", value="part.VALUE"))
    entry = described(tmp_path, "user")
    with Runner(workers=1, limits=QUICK) as runner:
        runner.submit(entry, {}, SOUND, TRACE).result(60)
    assert {path.name for path in tmp_path.iterdir()} - {"gaplisten-home"} == {"part.py", "user.py"}


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        open({told!r}, "w").write(str(os.getpid()))
        for number in range(3, 256):
            try: os.close(number)
            except OSError: pass
        time.sleep(300)
    os._exit(0)
os.wait()
while not os.path.exists({told!r}): time.sleep(0.01)
{then}
"""


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def ends(pid: int) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if _state(pid) in ("Z", "gone"):
            return True
        time.sleep(0.02)
    return False


@LINUX
@pytest.mark.parametrize("then", ["return lossy", "os._exit(3)", "time.sleep(300)"])
def test_a_daemon_that_a_plugin_leaves_in_a_session_of_its_own_is_ended(tmp_path: Path, then: str) -> None:
    told = str(tmp_path / "pid")
    entry = whole_file(tmp_path, "parent", DAEMON.format(told=told, then=then))
    with Runner(workers=1, limits=QUICK) as runner:
        future = runner.submit(entry, {}, SOUND, TRACE)
        if "300" not in then:
            future.exception(60)
        while not os.path.exists(told) or not Path(told).read_text():
            time.sleep(0.02)
        pid = int(Path(told).read_text())
        if "300" in then:
            runner.close()
        assert ends(pid)


@LINUX
def test_a_plugin_that_ends_what_forks_ends_itself_and_the_next_runs(tmp_path: Path) -> None:
    with Runner(workers=1, limits=QUICK) as runner:
        murder = whole_file(
            tmp_path, "murder", "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(30)\nreturn lossy"
        )
        assert runner.submit(murder, {}, SOUND, TRACE).exception(60) is not None
        good = whole_file(tmp_path, "good", "return lossy")
        assert runner.submit(good, {}, SOUND, TRACE).result(60).signal.frames == SOUND.frames


KILLED_HOST = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from gaplisten.concealers import children
from gaplisten.concealers.runner import Runner
from kit.plugin_folder import entry_of, noise
path = Path(sys.argv[2])
with Runner(workers=1) as runner:
    runner.submit(entry_of(path.parent, path.stem, path.read_text()), {}, noise(0.1), None)
    print(children._nursery()._process.pid, flush=True)
    time.sleep(300)
"""


@LINUX
def test_what_forks_ends_with_its_killed_host_also_where_a_plugin_has_stopped_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    then = "os.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(300)"
    body = "import signal\n" + DAEMON.format(told=str(told), then=then)
    path = whole_file(tmp_path, "stops", body).path
    words = [sys.executable, "-c", KILLED_HOST, str(Path(__file__).parents[1]), str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        nursery = int(host.stdout.readline())
        wait_until(lambda: _state(nursery) == "T")
        host.kill()
    left = [nursery, int(told.read_text())]
    try:
        assert all(map(ends, left))
    finally:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@LINUX
def test_what_forks_runs_one_thread_and_holds_no_process_longer_than_its_host_does() -> None:
    workers = [WorkerProcess() for _ in range(3)]
    nursery = children._nursery()._process.pid
    kept = {worker.pid for worker in workers}

    def offspring() -> set[int]:
        return set(map(int, Path(f"/proc/{nursery}/task/{nursery}/children").read_text().split()))

    assert kept <= offspring()
    assert os.listdir(f"/proc/{nursery}/task") == [str(nursery)]
    for worker in workers:
        worker.kill()
    wait_until(lambda: not kept & offspring())


@LINUX
def test_processes_that_were_forked_from_one_draw_numbers_of_their_own(tmp_path: Path) -> None:
    body = "import random\nprint(np.random.uniform(), random.random(), np.random.default_rng().uniform())\nreturn lossy"
    with Runner(workers=1, limits=QUICK) as runner:
        said = [
            runner.submit(whole_file(tmp_path / name, name, body), {}, SOUND, TRACE)
            .result(60)
            .messages[0]
            .split()
            for name in ("a", "b")
        ]
    assert not set(said[0]) & set(said[1])


@LINUX
def test_a_program_has_the_address_space_and_the_memory_that_it_asks_for(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import mmap, resource, shutil, sys\n"
        "held = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)\n"  # not to be backed
        "assert resource.getrlimit(resource.RLIMIT_DATA) == resource.getrlimit(resource.RLIMIT_AS) == (-1, -1)\n"
        "shutil.copy(*sys.argv[1:])\n"
    )
    if resource_limits() != (-1, -1):
        pytest.skip("this machine limits memory itself")
    entry = bundled(tmp_path / "p", "external_command")
    command = f"{sys.executable} {program} {{in_wav}} {{out_wav}}"
    with Runner(workers=1, limits=QUICK) as runner:
        runner.submit(entry, {"command": command}, SOUND, TRACE).result(60)


def resource_limits() -> tuple[int, int]:
    import resource

    return (resource.getrlimit(resource.RLIMIT_DATA)[1], resource.getrlimit(resource.RLIMIT_AS)[1])


@LINUX
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_program_that_reserves_much_address_space_runs_from_any_plugin(tmp_path: Path) -> None:
    script = "new WebAssembly.Memory({initial: 1, maximum: 65536}); console.log('ran')"
    body = f"import subprocess\nprint(subprocess.run(['node', '-e', {script!r}], capture_output=True, text=True).stdout)\nreturn lossy"
    with Runner(workers=1) as runner:
        assert "ran" in runner.submit(whole_file(tmp_path, "web", body), {}, SOUND, TRACE).result(60).messages
