"""`gaplisten panel links`, `serve` and `forget`."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gaplisten.commands.panel import app
from gaplisten.panel.session import Session
from gaplisten.panel.withdrawing import CannotWithdraw, withdrawals
from gaplisten.web import links as links_module
from gaplisten.web.links import LINKS, Link, Links, LinksLost
from gaplisten.web.serving import Doors
from kit.panels import make_panel, take
from kit.served import Remote, serving, serving_elsewhere
from kit.tables import rows_of
from kit.timing import PATIENCE


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def listed(path: Path) -> dict[str, str]:
    return {row["listener"]: row["link"] for row in rows_of(path)}


def test_links_are_made_once_and_listed_again(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    table = tmp_path / "links.csv"
    said = run("links", panel.folder, 2, "--url", "https://listen.example/", "--csv", table)
    first = listed(table)
    assert list(first) == ["L001", "L002"]
    assert all(re.fullmatch(r"https://listen\.example/s/[\w-]{22}/", link) for link in first.values())
    assert len(set(first.values())) == 2
    assert re.search(r"anybody: https://listen\.example/join/[\w-]{22}", said)
    run("links", panel.folder, 1, "--listener", "Ann", "--url", "https://listen.example", "--csv", table)
    assert list(listed(table)) == ["L001", "L002", "Ann", "L003"]
    assert listed(table).items() > first.items()
    if os.name == "posix":
        assert stat.S_IMODE((panel.ratings / LINKS).stat().st_mode) == 0o600


def test_a_panel_that_is_cut_into_sections_has_a_link_for_each_and_stays_so(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    table = tmp_path / "links.csv"
    said = run("links", panel.folder, 2, "--sections", 2, "--csv", table)
    found = [(row["listener"], row["section"]) for row in rows_of(table)]
    assert found == [("L001", "1"), ("L001", "2"), ("L002", "1"), ("L002", "2")]
    assert len({row["link"] for row in rows_of(table)}) == 4
    assert re.search(r"anybody, section 2: \S+/join/[\w-]{22}/2", said)
    done = CliRunner().invoke(app, ["links", str(panel.folder), "--sections", "3"])
    assert "there are links already, to 2 sections each" in str(done.exception)
    run("links", panel.folder, 0, "--sections", 2)


def test_no_section_is_without_a_trial(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    for sections in (5, 100):
        done = CliRunner().invoke(app, ["links", str(panel.folder), "--sections", str(sections)])
        fact = f"there are no {sections} sections of 4 trials; give --sections 4 at most"
        assert fact in str(done.exception)
    run("links", panel.folder, 1, "--sections", 4)


def test_a_frame_is_a_sites_and_nothing_else(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    for wrong in ("www.mturk.com", "https://x.example; script-src *", "https://x.example/path", "*"):
        done = CliRunner().invoke(app, ["serve", str(panel.folder), "--port", "0", "--frame", wrong])
        assert "this is no site" in str(done.exception)


def test_a_proxy_is_an_address_or_a_network_and_nothing_else(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    for wrong in ("*", "proxy.example", "10.0.0.1/8", "127.0.0.1:80", ""):
        done = CliRunner().invoke(app, ["serve", str(panel.folder), "--port", "0", "--trust-proxy", wrong])
        assert f"--trust-proxy {wrong}: this is no address" in str(done.exception)
    Doors("127.0.0.1", 0, ("127.0.0.1", "::1", "10.0.0.0/8"))


def test_the_way_on_is_given_once_or_for_each_section(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    Links(panel, panel.ratings).cut(3)
    done = CliRunner().invoke(
        app, ["serve", str(panel.folder), "--port", "0", "--done", "ONE", "--done", "TWO"]
    )
    assert "it is given 2 times, and the panel has 3 sections" in str(done.exception)


def test_links_that_are_made_while_others_are_read_are_known_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    served, beside = Links(panel, panel.ratings), Links(panel, panel.ratings)
    beside.add(["Ann"])
    read, made = links_module.read_links, list[Link]()

    def slow(path: Path) -> object:
        found = read(path)
        monkeypatch.undo()
        made.extend(beside.add(["Ben"]))
        return found

    monkeypatch.setattr(links_module, "read_links", slow)
    assert [one.listener for one in served.all()] == ["Ann"]
    assert [one.listener for one in served.all()] == ["Ann", "Ben"]
    assert served.find(made[0].token) == made[0]


def test_a_panel_with_a_list_gives_each_listener_a_link_and_nobody_else(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1, top='listeners = ["Ann", "Ben"]')
    table = tmp_path / "links.csv"
    run("links", panel.folder, "--csv", table)
    assert list(listed(table)) == ["Ann", "Ben"]
    done = CliRunner().invoke(app, ["links", str(panel.folder), "3"])
    assert "the panel has a list of listeners" in str(done.exception)


def test_links_of_another_panel_or_damaged_ones_are_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    other = make_panel(tmp_path, "acr", clips=1, out="other")
    Links(panel, panel.ratings).add(["Ann"])
    with pytest.raises(LinksLost, match="another panel"):
        Links(other, panel.ratings)
    (panel.ratings / LINKS).write_text("{}")
    with pytest.raises(LinksLost, match="no file of links"):
        Links(panel, panel.ratings)
    assert (panel.ratings / LINKS).read_text() == "{}"


def test_a_server_that_runs_knows_links_that_are_made_and_taken_away_meanwhile(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel) as served:
        beside = Links(panel, panel.ratings)
        (link,) = beside.add(["Ben"])
        ben = Remote(served.port, link.token)
        assert ben.open()["kind"] == "trial"
        beside.remove("ben")
        assert ben.send().status == 404


def test_a_listener_is_forgotten_whole_and_counted(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel) as served:
        ann = served.remote("Annabelle")
        ann.open()
        ann.send()
    with Session.open(panel, "Ben") as session:
        take(session)
    done = CliRunner().invoke(app, ["forget", str(panel.folder), "Annabelle"], input="n\n")
    assert done.exit_code == 1
    assert list(panel.ratings.glob("*annabelle*"))
    said = run("forget", panel.folder, "Annabelle", "--yes")
    assert "1 vote is out" in said
    assert "leads nowhere now" in said
    everything = [path for path in panel.ratings.rglob("*") if path.is_file()]
    assert not [path for path in everything if "annabelle" in path.name.casefold()]
    assert not [path for path in everything if b"annabelle" in path.read_bytes().lower()]
    assert [one.votes for one in withdrawals(panel.ratings)] == [1]
    assert len(list(panel.ratings.glob("*.csv"))) == 1


def test_who_is_listening_at_this_moment_is_forgotten_too_and_gets_no_further(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel) as served:
        ann = served.remote("Annabelle")
        ann.open()
        assert ann.send().status == 200
        assert "1 vote is out" in run("forget", panel.folder, "Annabelle", "--yes")
        assert not list(panel.ratings.glob("*annabelle*"))
        assert ann.send().status == 404
        assert not list(panel.ratings.glob("*annabelle*"))


def test_a_listener_whose_votes_cannot_be_erased_is_not_said_to_be_forgotten(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    Links(panel, panel.ratings).add(["Ann"])
    with Session.open(panel, "Ann") as session:
        take(session)
    (panel.ratings / "withdrawn").mkdir()
    (panel.ratings / "withdrawn" / "withdrawn.json").write_text("no record")
    done = CliRunner().invoke(app, ["forget", str(panel.folder), "Ann", "--yes"])
    assert isinstance(done.exception, CannotWithdraw)
    assert "cannot be read" in str(done.exception)
    assert list(panel.ratings.glob("*ann*.csv"))


def test_the_command_serves_tells_no_link_in_its_log_and_ends_cleanly(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    (link,) = Links(panel, panel.ratings).add(["Annabelle"])
    with serving_elsewhere(panel) as (process, port, line):
        ann = Remote(port, link.token)
        ann.open()
        assert ann.send().status == 200
        assert ann.ask("GET", f"/s/{'A' * 22}/").status == 404
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=PATIENCE)
    log = line + out + error
    assert link.token not in log
    assert "annabelle" not in log.casefold()
    assert "Traceback" not in log
    assert not list(panel.ratings.glob("*-*.lock"))
    with Session.open(panel, "Annabelle") as session:
        assert session.progress.done == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    with serving(panel) as served:
        done = CliRunner().invoke(app, ["serve", str(panel.folder), "--port", str(served.port)])
    assert f"127.0.0.1:{served.port}: it cannot listen there" in str(done.exception)
    assert "give another --port" in str(done.exception)


def test_threads_of_a_server_take_turns_quickly_and_others_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(
        "gaplisten.web.serving.uvicorn.Server.run", lambda *_, **__: seen.append(sys.getswitchinterval())
    )
    panel = make_panel(tmp_path, "acr", clips=1)
    before = sys.getswitchinterval()
    found = CliRunner().invoke(app, ["serve", str(panel.folder), "--port", "0"])
    assert found.exception is None
    assert seen == [pytest.approx(0.0005, rel=0.1)]
    assert sys.getswitchinterval() == before
