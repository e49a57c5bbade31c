"""What a concealer of a document would run or read beyond its plugin folder, told without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.consent import Found, may_want, wish_of
from kit.plugin_folder import QUICK, write


@pytest.fixture
def catalogue(tmp_path: Path) -> Found:
    write(tmp_path / "plugins", "mine", "def conceal(lossy, lost, rate, packet_frames): return lossy")
    return Catalogue.scan([tmp_path / "plugins"], others=False, limits=QUICK)


def test_a_file_of_code_beside_the_plugins_would_be_run(tmp_path: Path, catalogue: Found) -> None:
    path = write(tmp_path / "elsewhere", "theirs", "raise SystemExit('it was run')")
    found = wish_of(str(path), {}, catalogue)
    assert found is not None
    assert found.does == (f"run the code in {path}",)
    assert path in [stamped for stamped, _ in found.stamps]
    assert found.untouched()
    path.write_text("# another one")
    assert not found.untouched()


@pytest.mark.parametrize("name", ["mine", "none of the kind"])
def test_a_name_alone_runs_and_reads_nothing_more(catalogue: Found, name: str) -> None:
    assert wish_of(name, {"share": 0.5}, catalogue) is None


@pytest.mark.parametrize(
    ("concealer", "values", "may"),
    [
        ("mine", {}, False),
        ("mine", {"share": 0.5, "many": 3}, False),
        ("mine", {"share": 0.5, "text": "a"}, True),
        ("/somewhere/theirs.py", {}, True),
    ],
)
def test_numbers_of_a_plugin_by_name_want_nothing_more(
    concealer: str, values: dict[str, object], may: bool
) -> None:
    assert may_want(concealer, values) == may
