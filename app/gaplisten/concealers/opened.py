"""What a plugin's result follows from besides its own file: files, folders, programs, as when first used."""

from __future__ import annotations

import importlib.machinery
import os
import shutil
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType
from typing import Any

from gaplisten.concealers import checked, temporary
from gaplisten.concealers.cache import describe_file
from gaplisten.concealers.stopwatch import BYTES_A_CALL, Stopwatch

MOST = 4000
"""More than so many are not followed: the result is then never taken for up to date."""

# Python itself and installed libraries do not count.
_LIBRARIES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_OWN = os.fspath(Path(__file__).resolve().parents[1])
_PYTHON = os.path.realpath(sys.executable)
_SYSTEM = (
    _OWN,
    os.path.join(sys.base_prefix, "lib"),
    "/proc",
    "/sys",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
)
_OWN_PREFIXES = tuple(os.path.realpath(folder) + os.sep for folder in (*_LIBRARIES, *_SYSTEM))
_INSTALLED = ("site-packages", "dist-packages")
_WRITING = os.O_WRONLY | os.O_RDWR
_LISTING = frozenset({"os.listdir", "os.scandir"})
RUNS, READS, WRITES, CONNECTS = "runs", "reads", "writes", "connects to"
_LOOKING_THROUGH = {
    **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents"), "Python's objects"),
    **dict.fromkeys(("sys._getframe", "sys._current_frames", "sys._current_exceptions"), "Python's frames"),
    **dict.fromkeys(("sys.settrace", "sys.setprofile"), "what Python does"),
}
_FOR_OTHERS = ("inspect.py", "traceback.py", "threading.py")  # they look for whoever asks them
_ASKING = tuple(os.path.join(*each) for each in (("ctypes", "util.py"), ("", "platform.py"), ("", "uuid.py")))
_SPARE_BYTES, _LONGEST = 65_536, 300
_NEVER_THE_SAME = ["", "more than can be followed"]

Stamp = list[Any]


def is_library(path: str) -> bool:
    """Whether a file belongs to Python, to an installed library or to the system."""
    return (
        path == _PYTHON
        or path.startswith(_OWN_PREFIXES)
        or _is_device(path)
        or any(name in path.split(os.sep) for name in _INSTALLED)
    )


def _is_device(path: str) -> bool:
    """Whether it is a device or shared memory, whose names have no folder; in folders there lie files."""
    return path.startswith("/dev/") and not (path.startswith("/dev/shm/") and path.count(os.sep) > 3)


def _importing() -> bool:
    """Whether it is Python's own search for a module that lists a folder: hook and note stand between."""
    return sys._getframe(3).f_code.co_filename.startswith("<frozen importlib")


def _for_python_itself() -> bool:
    """Whether a module of Python's starts a program, to look for libraries or to know the system."""
    frame = sys._getframe(3)
    while frame is not None and os.path.basename(frame.f_code.co_filename) == "subprocess.py":
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.endswith(_ASKING)


def _does_not_count(path: str) -> bool:
    return is_library(path) or is_library(os.path.realpath(path))


def _by_a_library() -> bool:
    """Whether a library looks through objects or frames: many do to find out who calls them."""
    frame = sys._getframe(3)
    while frame.f_back is not None and os.path.basename(frame.f_code.co_filename) in _FOR_OTHERS:
        frame = frame.f_back
    return is_library(frame.f_code.co_filename) or frame.f_code.co_filename.startswith("<frozen")


class OpenedFiles:
    """Collects files that plugins open for reading or import, folders they list, programs they start."""

    def __init__(self) -> None:
        self._by_plugin: dict[str, dict[str, Stamp]] = {}
        self._current: dict[str, Stamp] | None = None
        self._package = "\0"
        self._deeds: dict[str, set[str]] = {}
        self._doing: set[str] = set()
        self._known_bytes, self._programs = 0, False
        self._timed = 0
        self._looking = threading.local()
        # Asked now: the module tempfile itself opens a file, under its own lock, when it is asked first.
        self._passing = os.path.realpath(tempfile.gettempdir()) + os.sep
        self._own = temporary.own()
        sys.addaudithook(self._hook)

    @contextmanager
    def recording(
        self, plugin: str, package: Path | None = None, *, look_through: bool = True
    ) -> Iterator[None]:
        """Count what is opened inside as the plugin's.

        Parameters
        ----------
        package
            Folder of an installed package that is the plugin itself, and so counts.
        look_through
            Look afterwards for what was loaded and mapped, which takes milliseconds. It stays so, and need
            not be looked for after each packet.
        """
        if package is not None:
            self._package = os.path.abspath(package) + os.sep
        current = self._current = self._by_plugin.setdefault(plugin, {})
        self._doing = self._deeds.setdefault(plugin, set())
        read, asked = bytes_read(), Stopwatch.bytes_read
        self._known_bytes, self._programs, self._timed = 0, False, 0
        try:
            yield
        finally:
            # What the host's own asking for waits has read is told where a plugin could tell more.
            asked = min(Stopwatch.bytes_read - asked, self._timed * BYTES_A_CALL)
            self._unaccounted(bytes_read() - read - asked)
            if look_through:
                self._modules()
                self._mapped()
            self._current = None
            current.pop(os.path.abspath(plugin), None)  # known by its digest already

    def timed(self, calls: int) -> None:
        """Say how many calls the host has timed: that reads, too."""
        self._timed = calls

    def files(self, plugin: str) -> list[Stamp]:
        """Return what `describe_file` says of each, as it was when it was first used.

        Files that were there and are gone (temporary ones, mostly) are left out.
        """
        found = self._by_plugin.get(plugin, {})
        if len(found) > MOST:
            return [_NEVER_THE_SAME]
        return [stamp for path, stamp in sorted(found.items()) if len(stamp) == 1 or os.path.exists(path)]

    def deeds(self, plugin: str) -> list[str]:
        """Return what a plugin did beyond reading its own files, a few words each."""
        return sorted(self._deeds.get(plugin, ()))

    def _unaccounted(self, read: int) -> None:
        # What a program says is read, too.
        programs = self._programs or any(deed.startswith(RUNS) for deed in self._doing)
        if read > 2 * self._known_bytes + _SPARE_BYTES and not programs:
            self._doing.add(f"{READS} {(read - self._known_bytes) / 1024:.0f} KiB past Python")

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._current is None or getattr(self._looking, "now", False):
            return
        self._looking.now = True  # looking at a file, too, is told of
        try:
            self._note(event, arguments)
        finally:
            self._looking.now = False

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _LOOKING_THROUGH:
            if not _by_a_library():
                self._doing.add(f"looks through {_LOOKING_THROUGH[event]}")
        elif event == "object.__getattr__":
            if arguments[1] in ("tb_frame", "gi_frame") and not _by_a_library():
                self._doing.add("looks through Python's frames")
        elif event == "open" and (arguments[2] or 0) & _WRITING:
            self._writes(arguments[0])
        elif event == "open":
            self._count(arguments[0])
            self._add(arguments[0])
        elif event == "import" and arguments[1]:  # compiled code
            self._add(arguments[1])
        elif event in _LISTING:
            self._add(arguments[0] if arguments[0] is not None else ".", _importing())
        elif event == "ctypes.dlopen" and os.sep in str(arguments[0]):
            self._add(arguments[0])
        elif event == "subprocess.Popen" and _for_python_itself():
            self._programs = True
        elif event == "subprocess.Popen":
            words = arguments[1] if isinstance(arguments[1], list | tuple) else ()
            program = arguments[0] if isinstance(arguments[0], str | bytes | os.PathLike) else ""
            self._doing.add(f"{RUNS} {' '.join(map(str, words)) or os.fsdecode(program)}"[:_LONGEST])
            for word in (shutil.which(os.fsdecode(program)), *words):
                if isinstance(word, str | bytes) and os.path.exists(word):
                    self._add(word)

        elif event in ("os.system", "os.exec", "os.posix_spawn", "pty.spawn"):
            self._doing.add(f"{RUNS} {arguments[0]!s}"[:_LONGEST])
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            self._doing.add(f"{CONNECTS} {arguments[1 if event != 'socket.getaddrinfo' else 0]!s}"[:_LONGEST])

    def _writes(self, name: Any) -> None:
        """Note a file that outlives the process: what is heard in one run could be used in another."""
        with suppress(TypeError, ValueError, OSError):
            path = os.path.realpath(os.fsdecode(name))
            # A file without a name (Linux) is opened by its folder's.
            passing = f"{path}{os.sep}".startswith((self._passing, "/proc/self/"))
            if not (passing or _is_device(path)):
                self._doing.add(f"{WRITES} {path}"[:_LONGEST])

    def _count(self, name: Any) -> None:
        with suppress(OSError, TypeError, ValueError):
            path = os.path.abspath(os.fsdecode(name))
            if _of_another_process(path):
                self._doing.add(f"{READS} {path}")
            self._known_bytes += os.stat(path).st_size

    def _add(self, name: Any, importing: bool = False) -> None:
        if not isinstance(name, str | bytes | os.PathLike) or self._current is None:
            return
        with suppress(ValueError, OSError):  # a name that no file can have
            path = os.path.abspath(os.fsdecode(name))  # links as they are: they may come to lead elsewhere
            if importing:
                path = path.rstrip(os.sep) + os.sep
            if path in self._current or len(self._current) > MOST:
                return
            if self._own and f"{path}{os.sep}".startswith(f"{self._own}{os.sep}"):
                return  # it made that itself, and nobody will meet it again
            if path.startswith(self._package) or not _does_not_count(path):
                self._current[path] = describe_file(path) or [path]

    def _modules(self) -> None:
        """Add the installed modules of the plugin's own package: Python opens only what it compiled."""
        for module in list(sys.modules.values()):
            origin = getattr(getattr(module, "__spec__", None), "origin", None)
            if isinstance(origin, str) and os.path.abspath(origin).startswith(self._package):
                self._add(origin)

    def _mapped(self) -> None:
        """Add files that code in C has mapped."""
        with suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
            fields = (line.rstrip("\n").split(maxsplit=5) for line in lines)
            for path in {each[5] for each in fields if len(each) == 6}:
                if path.startswith(os.sep) and not is_library(path) and os.path.isfile(path):
                    self._add(path)


def bytes_read() -> int:
    """Return how many bytes this process has read by whatever means but mapping; 0 where nobody tells."""
    try:
        with open("/proc/self/io", encoding="ascii") as lines:
            return int(next(lines).split()[1])
    except (OSError, ValueError, IndexError, StopIteration):
        return 0


def _of_another_process(path: str) -> bool:
    """Whether it tells of another process: /proc/N, or what leads there."""
    parts = path.split(os.sep)
    return parts[1:2] == ["proc"] and len(parts) > 3 and parts[2].isdigit() and int(parts[2]) != os.getpid()


class _FromSource(checked.Source):
    """Reads modules that are no library's from their source.

    Python would take what it compiled earlier wherever size and second of the source are the same, which an
    edit in between need not change.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if _does_not_count(path):
            return super().get_code(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def import_helpers_from_source() -> None:
    """Have Python compile modules that are no library's anew, and store nothing beside them."""
    machinery = importlib.machinery
    kinds = (
        (checked.Extension, machinery.EXTENSION_SUFFIXES),
        (_FromSource, machinery.SOURCE_SUFFIXES),
        (checked.Compiled, machinery.BYTECODE_SUFFIXES),
    )
    finder = machinery.FileFinder.path_hook(*kinds)
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if not _finds_files(hook)] + [finder]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True


def _finds_files(hook: Any) -> bool:
    return "FileFinder" in getattr(hook, "__qualname__", "")


def tell_of_sound_files() -> None:
    """Have the library soundfile, which opens files behind Python's back, tell of them."""
    try:
        import soundfile
    except (ImportError, OSError):
        return
    plain = soundfile.SoundFile.__init__
    if getattr(plain, "tells", False):
        return

    def telling(self: Any, file: Any, mode: Any = "r", *arguments: Any, **named: Any) -> None:
        if isinstance(file, str | bytes | os.PathLike) and "w" not in str(mode):
            sys.audit("open", os.fspath(file), "rb", os.O_RDONLY)
        plain(self, file, mode, *arguments, **named)

    telling.tells = True  # type: ignore[attr-defined]
    soundfile.SoundFile.__init__ = telling
