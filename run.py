#!/usr/bin/env python3
"""Set Gaplisten up and run it, with nothing but Python 3.11 to 3.13 on the machine.

    python3 run.py [PATH ...]               the workbench, on the bundled demo or on the paths given
    python3 run.py COMMAND [ARGUMENTS ...]  any command of `gaplisten` (conceal, score, panel, doctor, ...)
    python3 run.py test [PYTEST ARGUMENTS]  all tests but the long ones, lint, types, contracts, dead code
    python3 run.py long [PYTEST ARGUMENTS]  the tests that take long, and whether tests notice changed code
    python3 run.py fuzz [--minutes N]       damaged files over every reader; what surprises is kept
    python3 run.py soak [--minutes N]       the window, busy without end: does anything grow?
    python3 run.py bench [ARGUMENTS]        the benchmarks

The first start makes `.venv` and installs what is missing; later starts see from a hash of pyproject.toml
that nothing is to be done.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

MOST_WORKERS = 4  # tests at once; many start processes of their own
FEW = 3  # failed tests that are run once more, alone
SOME_FAILED = 1  # pytest's exit status; higher ones are its own troubles
PIP_SAID = VENV / "pip-said.txt"
PIP_ON_OTHERS = (
    "error: subprocess-exited",
    "error: legacy-install",
    "ERROR: Failed building",
    "ERROR: Failed to build",
)
LONGEST_REASON = 160
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"

USE_EXTRAS = ("metrics", "codecs", "flac", "serve")
TEST_EXTRAS = (*USE_EXTRAS, "dev")

# Debian package -> the shared library by which its absence is noticed (Linux only).
USE_LIBRARIES = {
    "libportaudio2": "libportaudio.so.2",
    "libasound2-plugins": "",
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-xinerama0": "libxcb-xinerama.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libopus0": "libopus.so.0",
}
# The same for codecs that tests code and decode with: the name in Debian 13, then the one before it.
CODEC_LIBRARIES = (
    {"liblc3-1": "liblc3.so.1", "liblc3-0": "liblc3.so.0"},
    {"libspeex1": "libspeex.so.1"},
    {"libvo-amrwbenc0": "libvo-amrwbenc.so.0"},
    {"libopencore-amrwb0": "libopencore-amrwb.so.0"},
    {"libspandsp2": "libspandsp.so.2"},
)
NODE_PACKAGE = "@wasm-audio-decoders/opus-ml"  # Opus' deep PLC, where Node.js is
NODE_PACKAGES = VENV / "node"
# Debian package -> the program by which its absence is noticed.
TEST_PROGRAMS = {
    "xvfb": "Xvfb",
    "xdotool": "xdotool",
    "openbox": "openbox",
    "pulseaudio": "pulseaudio",
    "pulseaudio-utils": "pactl",
    "fontconfig": "fc-list",
    "strace": "strace",
    "chromium": "chromium",
    "chromium-driver": "chromedriver",
}
OTHER_SYSTEMS = {
    "dnf": "sudo dnf install portaudio opus mesa-libEGL libxkbcommon-x11 xcb-util-cursor xcb-util-wm "
    "xcb-util-image xcb-util-keysyms xcb-util-renderutil dbus-libs fontconfig alsa-plugins-pulseaudio",
    "pacman": "sudo pacman -S portaudio opus libxkbcommon-x11 xcb-util-cursor xcb-util-wm xcb-util-image "
    "xcb-util-keysyms xcb-util-renderutil",
    "zypper": "sudo zypper install libportaudio2 libopus0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4",
}


def say(text: str) -> None:
    """Tell the user what is going on, at once."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> None:
    """End with a sentence that tells the way out."""
    say(text)
    raise SystemExit(2)


def check_python() -> None:
    """Refuse a Python that the dependencies do not support."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        found = sys.version.split()[0]
        stop(f"this is Python {found}; Gaplisten needs 3.11, 3.12 or 3.13: start it as 'python3.12 run.py'")


# --- system libraries -------------------------------------------------------------------------------------


def loads(library: str) -> bool:
    """Whether the dynamic linker finds `library`."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def debian_has(package: str) -> bool:
    """Whether dpkg knows `package` as installed."""
    query = ["dpkg-query", "-W", "-f=${Status}", package]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return found.stdout.endswith(" installed")


def venv_package() -> str:
    """Name the Debian package without which this Python makes no virtual environment."""
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def missing_packages(testing: bool) -> list[str]:
    """Name the Debian packages whose library or program is not there."""
    missing = [] if importlib.util.find_spec("ensurepip") else [venv_package()]
    missing += [
        package
        for package, library in USE_LIBRARIES.items()
        if not (loads(library) if library else not shutil.which("dpkg-query") or debian_has(package))
    ]
    if testing:
        missing += [package for package, program in TEST_PROGRAMS.items() if not shutil.which(program)]
        if (
            not shutil.which("fc-list")
            or not subprocess.run(["fc-list"], capture_output=True, check=False).stdout
        ):
            missing.append("fonts-dejavu-core")
    return missing


def apt_prefix() -> list[str] | None:
    """Return how apt-get can be called without asking anybody, or None."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and not subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode
    ):
        return ["sudo", "-n"]
    return None


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if that is possible without a password; tell whether it worked."""
    prefix = apt_prefix()
    if prefix is None:
        return False
    say(f"installing system packages: {' '.join(packages)}")
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run([*prefix, "apt-get", "update", "-qq"], check=False, **quiet)
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(install, check=False, **quiet).returncode == 0


def check_system(testing: bool) -> None:
    """Look for PortAudio, Qt's libraries and (for tests) programs; install them or say how."""
    if not sys.platform.startswith("linux"):
        return  # the wheels for macOS and Windows carry their own
    missing = missing_packages(testing)
    if testing:
        install_codecs()
    if not missing:
        return
    if shutil.which("apt-get"):
        if apt_install(missing):
            return
        say(f"please type:  sudo apt-get install {' '.join(missing)}")
        if venv_package() in missing:
            stop("then start again: without the first of them Python makes no virtual environment")
    else:
        known = next((OTHER_SYSTEMS[tool] for tool in OTHER_SYSTEMS if shutil.which(tool)), None)
        say(f"please type:  {known}" if known else f"these libraries are missing: {', '.join(missing)}")
    say("going on without them: sound or the window may not work")


def install_codecs() -> None:
    """Install the codecs' libraries where that is possible; nothing else depends on them."""
    missing = [list(names) for names in CODEC_LIBRARIES if not any(map(loads, names.values()))]
    apt = shutil.which("apt-get")
    if not missing or (apt and apt_install([names[0] for names in missing])):
        return
    for names in missing:
        if not (apt and any(apt_install([name]) for name in names)):
            say(f"{' or '.join(names)} cannot be installed: its codec's tests are skipped")


def install_node_package() -> None:
    """Install the decoder with Opus' deep PLC where npm is."""
    if (NODE_PACKAGES / "node_modules" / NODE_PACKAGE).is_dir() or not shutil.which("npm"):
        return
    command = ["npm", "install", "--silent", "--no-save", "--prefix", str(NODE_PACKAGES), NODE_PACKAGE]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        say(f"{NODE_PACKAGE} cannot be installed: its tests are skipped")


# --- the virtual environment --------------------------------------------------------------------------------


def wanted_stamp() -> str:
    """Return what the set-up depends on: pyproject.toml, the Python version and the checkout's place."""
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return f"{sys.version_info[0]}.{sys.version_info[1]} {project} {ROOT}"


def stamp_file(extras: tuple[str, ...]) -> Path:
    """Return the file that says for which project file these extras were installed."""
    return VENV / f"set-up-{'-'.join(extras)}.txt"


def stamped(extras: tuple[str, ...]) -> str:
    """Return what was noted when these extras were installed, or an empty text."""
    try:
        return stamp_file(extras).read_text(encoding="utf-8")
    except OSError:
        return ""


def is_set_up(extras: tuple[str, ...]) -> bool:
    """Whether `.venv` already holds what this pyproject.toml asks for, or more."""
    larger = (extras, TEST_EXTRAS) if set(extras) <= set(TEST_EXTRAS) else (extras,)
    return PYTHON.exists() and any(stamped(each) == wanted_stamp() for each in larger)


def was_moved() -> bool:
    """Whether the checkout was set up in another place: its programs still name that place."""
    noted = [stamped(extras).split(" ", 2)[2:] for extras in (USE_EXTRAS, TEST_EXTRAS)]
    return any(place and place != [str(ROOT)] for place in noted)


def venv_works() -> bool:
    """Whether `.venv` has a running Python of this version, with pip, and was made here."""
    if not PYTHON.exists() or was_moved():
        return False
    probe = "import sys, pip; print(*sys.version_info[:2], sep='.')"
    found = subprocess.run([PYTHON, "-P", "-c", probe], capture_output=True, text=True, check=False)
    return found.stdout.strip() == f"{sys.version_info[0]}.{sys.version_info[1]}"


def make_venv() -> None:
    """Make `.venv`; Debian's Python may lack the module for it."""
    if venv_works():
        return
    say("making .venv")
    command = [sys.executable, "-P", "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    stop(
        "Python cannot make a virtual environment here; please type:  sudo apt-get install " + venv_package()
    )


def pip(*words: str) -> str | None:
    """Install something into the environment; return None if it worked, or else why not, in a line.

    All that pip says lands at the end of `PIP_SAID`: a compiler's complaints are of use to few.
    """
    command = [str(PYTHON), "-P", "-m", "pip", "install", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    with PIP_SAID.open("a", encoding="utf-8") as log:
        log.write(f"$ pip install {' '.join(words)}\n{said}\n")
    return why(said) if done.returncode else None


def why(said: str) -> str:
    """Return the line of pip's that tells best why it failed: what broke, before what follows from it."""
    lines = [line.strip(" │╰─>") for line in said.splitlines()]
    for begin in ("could not fetch url", "error: command", "error: ", "fatal: "):
        for line in lines:
            if line.lower().startswith(begin) and not line.startswith(PIP_ON_OTHERS):
                return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON] + "…"
    return "pip tells no reason"


def has_wheel(requirement: str) -> bool:
    """Whether there is something to install without building it."""
    return pip("--dry-run", "--no-deps", "--only-binary=:all:", requirement) is None


def install(extras: tuple[str, ...]) -> None:
    """Install everything; what cannot be had (no compiler, say) is left out alone, with the reason."""
    say(f"installing Gaplisten and what it needs ({', '.join(extras)}); this takes a minute or two")
    PIP_SAID.unlink(missing_ok=True)
    if pip("--editable", f"{ROOT}[{','.join(extras)}]") is None:
        return
    say("not everything can be installed here; looking for what can")
    failed = pip("--editable", str(ROOT))
    if failed is not None:
        stop(
            f"the installation failed: {failed}; check the network and start again: what is done stays "
            f"(all that pip said is in {PIP_SAID})"
        )
    wanted = [each for extra in extras for each in requirements(extra)]
    ready = [each for each in wanted if has_wheel(each)]
    if pip(*ready) is not None:
        ready = []
    alone = {each: pip(each) for each in wanted if each not in ready}
    left_out = {each: reason for each, reason in alone.items() if reason is not None}
    for each, reason in left_out.items():
        say(f"left out: {each} ({reason})")
    if "dev" in extras and left_out.keys() & set(requirements("dev")):
        stop(f"the development tools could not be installed (all that pip said is in {PIP_SAID})")
    if left_out:
        say(f"'gaplisten doctor' says what that means; all that pip said is in {PIP_SAID}")


def requirements(extra: str) -> list[str]:
    """Return what an extra asks for, to try each alone."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["project"]["optional-dependencies"][extra])


def set_up(extras: tuple[str, ...], testing: bool = False) -> None:
    """Make this checkout ready; quick when nothing is to be done."""
    if is_set_up(extras):
        return
    started = time.monotonic()
    check_python()
    check_system(testing)
    make_venv()
    install(extras)
    if testing:
        install_node_package()
    stamp_file(extras).write_text(wanted_stamp(), encoding="utf-8")
    say(f"set up in {time.monotonic() - started:.0f} s")


# --- what it is for -----------------------------------------------------------------------------------------


def call(*words: str | Path) -> int:
    """Run a program in the checkout; return its status."""
    return subprocess.run([str(word) for word in words], cwd=ROOT, check=False).returncode


def pytest(*arguments: str) -> tuple[str | Path, ...]:
    """Return the command that runs tests, several at once; `-n 0` among the arguments runs one at a time.

    One more than there are cores, for a third of the tests' time is waiting for sound or limits.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores + 1, MOST_WORKERS)
    return (PYTHON, "-m", "pytest", "-n", str(workers), "--dist", "loadgroup", *arguments)


def pass_alone(status: int) -> bool:
    """Run the few tests that failed once more, one after another, and return whether they pass then.

    Some compare times or wait for other programs, and a machine that others use can fail them once.
    What is wrong fails again; what passes is named, for it may be a race.
    """
    try:
        failed = list(json.loads(LAST_FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False
    if status != SOME_FAILED or not 0 < len(failed) <= FEW:
        return False
    say(f"once more, alone: {', '.join(failed)}")
    if call(PYTHON, "-m", "pytest", "-n", "0", *failed):
        return False
    say(f"failed beside others and passed alone: {', '.join(failed)}")
    return True


def run_all(steps: dict[str, tuple[str | Path, ...]], alone: str = "") -> int:
    """Run all steps, whatever fails, and say which did; the step `alone` may pass at its second try."""
    failed = []
    for name, command in steps.items():
        say(name)
        status = call(*command)
        if status and not (name == alone and pass_alone(status)):
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


def test(arguments: list[str]) -> int:
    """Run lint, types, import contracts, the search for dead code, and the tests."""
    set_up(TEST_EXTRAS, testing=True)
    if not arguments:
        LAST_FAILED.unlink(missing_ok=True)  # it keeps what failed in earlier runs of other tests
    return run_all(
        {
            "lint": (BIN / "ruff", "check", "."),
            "format": (BIN / "ruff", "format", "--check", "."),
            "types": (BIN / "mypy",),
            "import contracts": (BIN / "lint-imports",),
            "dead code": (BIN / "vulture",),
            "tests": pytest("--durations=30", "--durations-min=1", *arguments),
        },
        alone="" if arguments else "tests",
    )


def long(arguments: list[str]) -> int:
    """Check types for other systems, run the long tests, then see whether tests notice changed engines."""
    set_up(TEST_EXTRAS, testing=True)
    return run_all(
        {
            "types on Windows": (BIN / "mypy", "--platform", "win32", "-p", "gaplisten"),
            "types on macOS": (BIN / "mypy", "--platform", "darwin", "-p", "gaplisten"),
            "long tests": pytest("-m", "long", *arguments),
            "mutants": (PYTHON, ROOT / "tests" / "mutants" / "sample.py"),
        }
    )


def fuzz(arguments: list[str]) -> int:
    """Damage files and read them, until the time is over."""
    set_up(TEST_EXTRAS, testing=True)
    return call(PYTHON, ROOT / "tests" / "fuzz" / "harness.py", *arguments)


def soak(arguments: list[str]) -> int:
    """Keep the window busy for long, and measure what grows."""
    set_up(TEST_EXTRAS, testing=True)
    return call(PYTHON, ROOT / "tests" / "soak" / "soak.py", *arguments)


def bench(arguments: list[str]) -> int:
    """Run the benchmarks."""
    set_up(TEST_EXTRAS, testing=True)
    return call(PYTHON, ROOT / "tests" / "benchmarks" / "bench.py", *arguments)


def start(arguments: list[str]) -> int:
    """Open the workbench, or run any command of the program."""
    set_up(USE_EXTRAS)
    command = [str(PYTHON), "-P", "-m", "gaplisten", *(arguments or ["demo"])]
    if os.name != "nt":
        os.execv(command[0], command)  # signals and the terminal then belong to the program itself
    return subprocess.run(command, check=False).returncode


def main(arguments: list[str]) -> int:
    """Do what the words say."""
    # Whoever ends this script ends what it has started, too: pip would go on in the background.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    for command in (test, long, fuzz, soak, bench):
        if arguments[:1] == [command.__name__]:
            return command(arguments[1:])
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    return start(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
