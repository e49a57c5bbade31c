"""Files are read in one way: a stranger's pipe is not waited for, and none is larger than is allowed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app" / "gaplisten"
OPENS = {"read_text", "read_bytes"}
# Modules that open by name what no stranger made, or what they have just made themselves.
OWN = {
    "of the program": {
        "cli.py", "languages.py", "metrics/gaps.py", "report/page.py", "ui/help/manual.py", "ui/icons.py",
        "web/server.py",
    },
    "of the system, below /proc": {
        "concealers/children.py", "concealers/confining.py", "concealers/nursery.py", "concealers/opened.py",
        "concealers/process.py", "concealers/stopwatch.py", "concealers/temporary.py", "deadlines.py",
    },
    "in a process of the plugin's own, which has a time limit": {"concealers/loading.py"},
    "known to be regular": {"concealers/audit_findings.py"},
}  # fmt: skip


def opens_by_name(source: str) -> Iterator[int]:
    """Give the lines in which a file is opened for reading by its name."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        of = call.func
        name = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
        owner = of.value.id if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) else ""
        words = [each.value for each in call.args if isinstance(each, ast.Constant)]
        as_file = {each.arg for each in call.keywords} & {"encoding", "newline"}
        if (name in OPENS and isinstance(of, ast.Attribute)) or (
            name == "open" and owner != "os" and (as_file or isinstance(of, ast.Name) or "rb" in words)
        ):
            yield call.lineno


def test_nothing_that_a_stranger_may_have_made_is_opened_by_its_name_alone() -> None:
    known = set().union(*OWN.values())
    modules = {path.relative_to(APP).as_posix(): path for path in APP.rglob("*.py")}
    found = {
        name: lines
        for name, path in modules.items()
        if (lines := [*opens_by_name(path.read_text(encoding="utf-8"))])
    }
    assert {name: lines for name, lines in found.items() if name not in known} == {}, "see untrusted.py"
    assert known <= set(found), "these open nothing any more"


def test_each_way_to_open_a_file_by_its_name_is_noticed() -> None:
    ways = 'open(p)\np.open("rb")\np.open(encoding="utf-8")\np.read_text()\np.read_bytes()\n'
    others = 'os.open(p, 0)\ndialog.open()\nfolder.open(name)\nread_text(p)\np.open("x")\n'
    assert [*opens_by_name(ways)] == [1, 2, 3, 4, 5]
    assert [*opens_by_name(others)] == []
