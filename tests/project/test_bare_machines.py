"""A machine with nothing but Python: what `run.py` installs there, says, and leaves out."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.modules import module_at

ROOT = Path(__file__).resolve().parents[2]
MOUNTS = Path(__file__).with_name("bare_machine.sh")
ON_EVERY_MACHINE = re.compile(r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so|ld-linux")  # libc6, libstdc++6
WRITABLE = 'for each; do [ ! -e "$each" ] || [ ! -w "$each" ] || echo "$each"; done'
PATIENCE = 3600  # hundreds of megabytes are fetched
WINDOW = """
set -e
apt-get install -y -qq --no-install-recommends xvfb xdotool >/dev/null 2>&1
Xvfb :77 -screen 0 1280x720x24 -nolisten tcp -noreset >/dev/null 2>&1 &
export DISPLAY=:77
python3 run.py 2>said &
window=$!
for _ in $(seq 240); do
    sleep 0.5
    xdotool search --onlyvisible --name demo1 getwindowname && break
done
kill -TERM $window
wait $window || test $? = 130
grep -q Traceback said && cat said && exit 1
exit 0
"""


# --- the list of libraries, on this machine ---------------------------------------------------------------


@functools.cache
def packages() -> dict[str, tuple[set[str], set[str]]]:
    """What each installed Debian package depends on and provides, by its name."""
    asked = "${Package}\t${Depends}, ${Pre-Depends}\t${Provides}\n"
    told = subprocess.run(
        ["dpkg-query", "-W", "-f", asked], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in told.splitlines():
        name, needs, provides = (re.sub(r"\([^)]*\)|:any", "", part) for part in line.split("\t"))
        found[name] = (set(re.findall(r"[^\s,|]+", needs)), set(re.findall(r"[^\s,]+", provides)))
    return found


def with_all_they_need(names: list[str]) -> set[str]:
    """Installed packages that come along when these are installed."""
    came: set[str] = set()
    while names:
        wanted = names.pop()
        for name, (needs, provides) in packages().items():
            if wanted in (name, *provides) and name not in came:
                came.add(name)
                names += needs
    return came


def needed_by(library: Path) -> list[Path]:
    """The system's libraries that a library of a package is linked against, directly or not."""
    told = subprocess.run(["ldd", str(library)], capture_output=True, text=True, check=True).stdout
    assert "not found" not in told, f"{library}: {told}"
    found = [Path(line.split()[2]) for line in told.splitlines() if "=> /" in line]
    return [each for each in found if "site-packages" not in each.parts]


def owner(library: Path) -> str:
    """The Debian package that a library belongs to; its folder may have been moved below /usr since."""
    for each in (library, Path("/usr", *library.parts[1:]), Path("/", *library.parts[2:])):
        told = subprocess.run(["dpkg", "-S", str(each)], capture_output=True, text=True, check=False).stdout
        if told:
            return told.split(":")[0]
    return ""


def test_all_that_the_window_is_linked_against_comes_with_the_packages_that_are_asked_for() -> None:
    if not all(map(shutil.which, ("dpkg-query", "ldd"))):
        pytest.skip("this is no Debian: its packages are not known here")
    qt = importlib.util.find_spec("PySide6")
    if qt is None or not qt.submodule_search_locations:
        pytest.skip("PySide6 is not installed")
    folder = Path(qt.submodule_search_locations[0])
    script = module_at(ROOT / "run.py", "run_script")
    if lacking := script.missing_packages(testing=False):
        pytest.skip(f"not installed: {', '.join(lacking)}")
    came = with_all_they_need(list(script.USE_LIBRARIES))
    parts = ["QtCore", "QtGui", "QtWidgets", "QtSvg"]
    linked = [folder / f"{part}.abi3.so" for part in parts]
    linked += [
        *(folder / "Qt/plugins/platforms").glob("libqxcb.so"),
        *(folder / "Qt/plugins").glob("xcb*/*.so"),
    ]
    needed = {library for each in linked for library in needed_by(each)}
    assert any("libxcb-cursor" in each.name for each in needed)
    others = [each for each in needed if not ON_EVERY_MACHINE.match(each.name)]
    assert [each.name for each in others if owner(each) not in came] == []


# --- whole machines -----------------------------------------------------------------------------------------


def bare(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run something in the checkout on a bare machine; pip finds there what it finds here."""
    command = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "bash",
        str(MOUNTS),
        str(folder),
        *words,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def copy_checkout(target: Path) -> None:
    """Copy what a clone holds."""
    keep_away = shutil.ignore_patterns(
        ".venv*", ".git", ".*_cache", "__pycache__", "dist", "build", ".hypothesis"
    )
    shutil.copytree(ROOT, target, ignore=keep_away, symlinks=True)


def lent() -> list[str]:
    """Where files of this machine are seen on the bare one."""
    script = MOUNTS.read_text(encoding="utf-8")
    return [line.split()[-1] for line in script.splitlines() if line.startswith("lend ")]


@pytest.fixture(params=["bookworm", "trixie"])
def machine(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A Debian without anything but Python, and a checkout on it; on the disk, for it takes gigabytes."""
    lacking = [name for name in ("debootstrap", "unshare", "chroot") if not shutil.which(name)]
    if not sys.platform.startswith("linux") or lacking:
        pytest.skip(f"not installed: {', '.join(lacking) or 'Linux'}")
    if os.geteuid() != 0:
        pytest.skip("only root makes machines")
    with tempfile.TemporaryDirectory(prefix="gaplisten-machine-") as place:
        folder = Path(place, request.param)
        command = ["debootstrap", "--variant=minbase", "--include=python3", request.param, str(folder)]
        made = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if made.returncode:
            pytest.skip(f"debootstrap makes no {request.param}: {(made.stdout + made.stderr).strip()[-200:]}")
        copy_checkout(folder / "root" / "gaplisten")
        yield folder


@pytest.mark.long
def test_a_bare_machine_is_asked_once_and_lacks_only_what_has_to_be_compiled(machine: Path) -> None:
    writable = bare(machine, "sh", "-c", WRITABLE, "sh", "/root", *lent())
    assert (writable.returncode, writable.stdout.split()) == (0, ["/root"]), "this machine could be changed"
    helped = bare(machine, "python3", "run.py", "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    told = bare(machine, "python3", "run.py", "doctor", "--csv", "told.csv")
    said = [line.removeprefix("run.py: ") for line in told.stderr.splitlines() if line.startswith("run.py: ")]
    assert told.returncode == 0, told.stderr
    assert sum("packages:" in line or "apt-get install" in line for line in said) == 1, said
    left_out = [line for line in said if line.startswith("left out")]
    assert [line.split()[2].split(">")[0] for line in left_out] == ["pesq"], said
    assert "gcc" in left_out[0]
    table = (machine / "root/gaplisten/told.csv").read_text()
    for name in ("onnxruntime", "av", "lc3py", "starlette", "Qt"):
        assert re.search(f",{name},ok,", table), table
    for codec in ("opus", "lc3"):
        assert f"concealer,{codec},ok" in table, table

    again = bare(machine, "python3", "run.py", "doctor")
    assert (again.returncode, "run.py:" in again.stderr) == (0, False)
    lossy = "resources/demo/lossy_signals/demo1.flac"
    words = ("conceal", lossy, "--concealer", "repeat_fade", "--out", "out")
    assert bare(machine, "python3", "run.py", *words).returncode == 0
    assert (machine / "root/gaplisten/out/demo1.flac").is_file()

    window = bare(machine, "bash", "-c", WINDOW)
    assert (window.returncode, "demo1" in window.stdout) == (0, True), window
