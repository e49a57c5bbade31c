"""Do the tests notice when an engine is changed? Sampled mutants against the tests that mirror their module.

    python3 tests/mutants/sample.py [--count N] [--seed S] [--only ROOM-OR-MODULE ...]

Each mutant is one changed comparison, operator, condition or number in one module of an engine, in a copy of
the project. It is killed when a test of the folder that mirrors the module's room fails. Survivors are
listed: each deserves a test, or a line in `equivalent.toml` that says why nobody could tell the difference.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # a process that is copied by fork must have one thread
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import hypothesis  # noqa: F401 - imported here once, not by every process
import numpy  # noqa: F401
import pandas  # noqa: F401
import pydantic  # noqa: F401
import pytest
import pytestqt.plugin  # noqa: F401
import scipy.signal
import scipy.stats  # noqa: F401
import soundfile  # noqa: F401
import soxr  # noqa: F401
import typer  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app" / "gaplisten"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
ENGINES = ("audio", "loss", "clips", "concealers", "metrics", "playback", "panel", "bench", "batch", "floor")
LEAST_KILLED = 0.9
LONGEST_SECONDS = 3600  # of a room's tests, nothing being changed
HANGS_AFTER = 10  # times as long as that, or a minute, and a mutant hangs
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # of the plugins that are imported already

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Parameters
    ----------
    stands
        The line of source in which it lies.
    before, after
        What stands there, and what the mutant has instead.
    at
        Which node of the module, as `_Places` counts them.
    by
        What is put in its place.
    """

    module: str
    line: int
    stands: str
    before: str
    after: str
    at: int
    by: ast.AST

    @property
    def room(self) -> str:
        """The folder of the module; the modules beside the folders are the floor."""
        return self.module.split("/")[0] if "/" in self.module else "floor"

    def source(self, text: str) -> str:
        """Return the module's text with the change in it."""
        tree = _Replace(self.at, self.by).visit(ast.parse(text))
        return ast.unparse(ast.fix_missing_locations(tree))

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.before}  ->  {self.after}"


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Give the ways in which one node can be changed."""
    if isinstance(node, ast.Compare | ast.BinOp | ast.BoolOp):
        operator = node.ops[0] if isinstance(node, ast.Compare) else node.op
        if type(operator) in SWAPS:
            changed = copy.deepcopy(node)
            swapped = SWAPS[type(operator)]()
            if isinstance(changed, ast.Compare):
                changed.ops[0] = swapped  # type: ignore[call-overload]
            else:
                changed.op = swapped  # type: ignore[assignment]
            yield changed
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        changed = copy.deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)


def said_of(node: ast.AST) -> str:
    """One line that shows a node; of statements their condition."""
    return ast.unparse(node.test if isinstance(node, ast.If | ast.While) else node).split("\n")[0]


class _Replace(ast.NodeTransformer):
    def __init__(self, at: int, by: ast.AST) -> None:
        self.at, self.by, self.seen = at, by, -1

    def visit(self, node: ast.AST) -> ast.AST:
        """Count the nodes in the order of visiting; put the changed one in the place of its own."""
        self.seen += 1
        if self.seen == self.at:
            return self.by
        return self.generic_visit(node)


class _Places(ast.NodeVisitor):
    """The nodes worth changing, numbered as `_Replace` counts them; annotations change nothing."""

    def __init__(self) -> None:
        self.found: list[tuple[int, ast.AST]] = []
        self._seen = -1
        self._quiet = 0

    def visit(self, node: ast.AST) -> None:
        """Number every node; note those that run."""
        self._seen += 1
        if not self._quiet:
            self.found.append((self._seen, node))
        for name, value in ast.iter_fields(node):
            quiet = name in ("annotation", "returns", "decorator_list")
            self._quiet += quiet
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.AST):
                    self.visit(each)
            self._quiet -= quiet


def mutants_of(path: Path) -> list[Mutant]:
    """Return every mutant of a module."""
    places, source = _Places(), path.read_text(encoding="utf-8")
    places.visit(ast.parse(source))
    name, lines = path.relative_to(APP).as_posix(), ["", *map(str.strip, source.splitlines())]

    def mutant(node: ast.AST, changed: ast.AST, at: int) -> Mutant:
        line = getattr(node, "lineno", 0)
        return Mutant(name, line, lines[line], said_of(node), said_of(changed), at, changed)

    return [mutant(node, changed, at) for at, node in places.found for changed in changes(node)]


def candidates(only: list[str]) -> list[Path]:
    """Return the modules of the engines, or those that are asked for."""
    paths = [path for path in sorted(APP.rglob("*.py")) if path.stem not in ("__init__", "__main__", "cli")]
    names = {path: path.relative_to(APP).as_posix() for path in paths}
    rooms = {path: name.split("/")[0] if "/" in name else "floor" for path, name in names.items()}
    chosen = only or list(ENGINES)
    return [path for path in paths if rooms[path] in chosen or names[path] in chosen]


def tests_of(room: str) -> list[str]:
    """Return the folder of tests that mirrors a room."""
    folder = ROOT / "tests" / room
    if not folder.is_dir():
        raise SystemExit(f"tests/{room} is not there: no tests mirror that room")
    return [f"tests/{room}"]


def nearest_first(mutant: Mutant, tests: list[str]) -> list[str]:
    """Put the files that import the mutant's module before the others: most mutants fall to those."""
    dotted = "gaplisten." + mutant.module.removesuffix(".py").replace("/", ".")
    room, _, module = dotted.rpartition(".")
    says = re.compile(rf"\b(from {re.escape(dotted)} import|from {re.escape(room)} import .*\b{module}\b)")
    files = [path for folder in tests for path in sorted((ROOT / folder).rglob("test_*.py"))]
    near = [path for path in files if says.search(path.read_text(encoding="utf-8"))]
    return [*(path.relative_to(ROOT).as_posix() for path in near), *tests]


class Copy:
    """The project in a folder of its own, in which one module at a time is changed."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gaplisten-mutants-"))
        self._changes = 0
        (self.root / "log").touch()
        for name in ("app", "tests"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("plugins", "resources", "docs", "pyproject.toml", "README.md", "run.py", "CHANGELOG.md"):
            (self.root / name).symlink_to(ROOT / name)

    def start(self, mutant: Mutant | None, tests: list[str]) -> int:
        """Change the module and run the tests in a process of their own; return its number."""
        self._put_back = None
        if mutant is not None:
            path = self.root / "app" / "gaplisten" / mutant.module
            self._put_back = path, path.read_bytes()
            self._write(path, mutant.source(path.read_text(encoding="utf-8")).encode())
        # What takes long to import is there already, and of the project nothing.
        process = os.fork()
        if process == 0:
            self._run(tests)
        return process

    def _run(self, tests: list[str]) -> NoReturn:
        os.setsid()
        log = os.open(self.root / "log", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(self.root)
        os.environ["PYTHONPATH"] = str(self.root / "app")  # for the processes that tests start
        os.environ.setdefault("GAPLISTEN_TEST_DATA", str(ROOT.parent / "shared" / "data"))
        sys.dont_write_bytecode = True
        # The root, too, as `python -m pytest` has it: tests' own processes import the tests.
        sys.path[:0] = [str(self.root), str(self.root / "app")]
        marks = "not long and not sound and not display and not alone"
        words = ["-x", "-q", "-p", "no:cacheprovider", *QUIET, "-m", marks, *tests]
        try:
            status = int(pytest.main(words))
        except BaseException:  # noqa: BLE001 - whatever a mutant raises, this process ends here
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        os._exit(0 if status == 0 else 1)

    def done(self) -> None:
        """Put the module back."""
        if self._put_back is not None:
            self._write(*self._put_back)

    def _write(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        # Bytecode is known by its source's size and second: two changes in one second are not to be one.
        self._changes += 1
        os.utime(path, (self._changes, self._changes))


def survivors_of(
    tasks: Sequence[tuple[Mutant | None, list[str]]],
    copies: list[Copy],
    limit: Callable[[Mutant | None], float],
) -> Iterator[tuple[Mutant | None, list[str], float]]:
    """Run the tests of each task, as many at once as there are copies.

    Gives the tasks in which all passed, and how many seconds that took; `limit` says after how many a task
    is given up.
    """
    waiting, free = list(reversed(tasks)), list(copies)
    running: dict[int, tuple[Copy, Mutant | None, list[str], float]] = {}
    while waiting or running:
        while waiting and free:
            (mutant, tests), mine = waiting.pop(), free.pop()
            running[mine.start(mutant, tests)] = (mine, mutant, tests, time.monotonic())
        for process, (mine, mutant, tests, began) in list(running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            took = time.monotonic() - began
            late = not ended and took > limit(mutant)
            if not ended and not late:
                continue
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)  # what hangs is killed, and whatever a mutant left running
            if late:
                os.waitpid(process, 0)
            del running[process]
            mine.done()
            free.append(mine)
            if ended and status == 0:
                yield mutant, tests, took
        time.sleep(0.05)


def explained() -> dict[tuple[str, str, str, str], str]:
    """Return the mutants that nobody can tell from the module itself, and why."""
    known = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("equivalent", [])
    return {
        tuple(each[name] for name in ("module", "line", "before", "after")): each["why"] for each in known
    }


def main() -> int:
    """Sample, run, report; 1 when too few were killed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", nargs="*", default=[], help="rooms, or modules (audio/gain.py)")
    parser.add_argument("--tests", nargs="*", default=[], help="other tests than those that mirror the room")
    asked = parser.parse_args()
    every = [mutant for path in candidates(asked.only) for mutant in mutants_of(path)]
    sample = random.Random(asked.seed).sample(every, min(asked.count, len(every)))
    equivalent = explained()
    known = [each for each in sample if (each.module, each.stands, each.before, each.after) in equivalent]
    tried = [mutant for mutant in sample if mutant not in known]
    print(
        f"seed {asked.seed}: {len(sample)} of {len(every)} mutants, {len(known)} known as equivalent",
        flush=True,
    )
    copies = [Copy() for _ in range(max(1, min(os.cpu_count() or 1, 4)))]
    try:
        rooms = sorted({mutant.room for mutant in tried})
        unchanged = [(None, asked.tests or tests_of(room)) for room in rooms]
        every_run = survivors_of(unchanged, copies, lambda _: LONGEST_SECONDS)
        took = {tuple(tests): seconds for _, tests, seconds in every_run}
        broken = [tests for _, tests in unchanged if tuple(tests) not in took]
        if broken:
            print(f"these fail before anything is changed: {broken}")
            print(*((each.root / "log").read_text(encoding="utf-8")[-3000:] for each in copies))
            return 2
        survivors = 0
        tests = {each: asked.tests or tests_of(each.room) for each in tried}
        limits = {each: max(60.0, HANGS_AFTER * took[tuple(tests[each])]) for each in tried}
        tasks = [(each, nearest_first(each, tests[each])) for each in tried]
        for mutant, *_ in survivors_of(tasks, copies, lambda one: limits[one] if one else LONGEST_SECONDS):
            survivors += 1
            print(f"survived: {mutant}", flush=True)
    finally:
        for each in copies:
            shutil.rmtree(each.root, ignore_errors=True)
    killed = len(tried) - survivors
    print(f"seed {asked.seed}: {killed} of {len(tried)} killed ({killed / max(len(tried), 1):.0%})")
    return 0 if killed >= LEAST_KILLED * len(tried) else 1


if __name__ == "__main__":
    sys.exit(main())
