"""Results of real sessions: on the command line, in files, and in the window."""

from __future__ import annotations

import html
import itertools
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton, QTabWidget
from pytestqt.qtbot import QtBot
from typer.testing import CliRunner

from gaplisten import languages
from gaplisten.bench.tasks import Tasks
from gaplisten.commands.panel import app
from gaplisten.errors import GaplistenError
from gaplisten.panel.methods import method
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.evaluation import evaluate_votes
from gaplisten.panel.results.votes import Collected
from gaplisten.panel.session import Session
from gaplisten.ui import translation
from gaplisten.ui.results.plot import ResultsPlot
from gaplisten.ui.results.window import ResultsWindow
from kit.listener import built, definition, take

NO_LEVEL = "[checks]\nlevel = false\n"


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    for name, good in (("ann", 4), ("bea", 5), ("cid", 4)):
        take(folder, name, {"zilch": 1, "quuxnet": good})
    return folder


def test_the_window_shows_imported_votes_and_says_what_could_not_be_checked(
    tmp_path: Path, qtbot: QtBot
) -> None:
    rows = [
        f"{who},{clip},{name},{score + (who == 'bea')}"
        for who in ("ann", "bea", "cid")
        for clip in ("c1", "c2")
        for name, score in (("old", 2), ("new", 4))
    ]
    (tmp_path / "table.csv").write_text("\n".join(["listener,clip,condition,score", *rows]))
    words = ["import", str(tmp_path / "table.csv"), "--out", str(tmp_path / "votes"), "--method", "acr"]
    assert CliRunner().invoke(app, words).exit_code == 0
    window = ResultsWindow(tmp_path / "votes")
    qtbot.addWidget(window)
    said = window.verdict.toPlainText()
    assert "new or old is better cannot be told from 12 votes: +2.00" in said
    assert "imported from a table: what was heard, checks and devices are not in the table" in said
    assert window.strata.rowCount() == 0


def test_the_command_prints_means_intervals_and_listeners(panel: Path) -> None:
    done = CliRunner().invoke(app, ["results", str(panel)])
    assert done.exit_code == 0, done.output
    assert "4.333" in done.output
    assert "3 of 3 listeners count" in done.output
    assert "quuxnet is better than zilch: +3.33" in done.output


def test_the_tables_are_written_as_csv_that_pandas_reads(panel: Path, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["results", str(panel), "--csv", str(tmp_path / "r.csv")])
    frame = pd.read_csv(tmp_path / "r.csv")
    whole = frame[(frame["condition"] == "quuxnet") & (frame["stratum"] == "all")].iloc[0]
    assert whole["MOS"] == pytest.approx(13 / 3, abs=1e-3)
    assert whole["these clips high"] - whole["MOS"] == pytest.approx(4.302652730 / 3, abs=1e-3)
    assert whole["interval over"] == "listeners and clips"
    assert set(pd.read_csv(tmp_path / "r-listeners.csv")["listener"]) == {"ann", "bea", "cid"}
    own = pd.read_csv(tmp_path / "r-by-listener.csv").set_index(["condition", "listener"])["MOS"]
    assert own["quuxnet"].to_dict() == {"ann": 4, "bea": 5, "cid": 4}


def test_with_pseudonyms_no_name_is_told_anywhere(panel: Path, tmp_path: Path) -> None:
    plain = CliRunner().invoke(app, ["results", str(panel)])
    running = take(panel, "dora", {"zilch": 3, "quuxnet": 3}, leave_open_after=2)
    done = CliRunner().invoke(
        app,
        ["results", str(panel), "--pseudonyms", "--csv", str(tmp_path / "r.csv"), "--leave-out", "bea=ill"],
    )
    votes = ["votes", str(panel), "--pseudonyms", "--csv", str(tmp_path / "votes.csv")]
    assert CliRunner().invoke(app, [*votes, "--leave-out", "bea=ill"]).exit_code == 0
    running.close()
    assert done.exit_code == 0, done.output
    given = pd.read_csv(tmp_path / "votes.csv")
    counted = set(given[~given["left_out"]]["listener"])
    assert counted == set(pd.read_csv(tmp_path / "r-by-listener.csv")["listener"])  # the same in both
    written = done.output.replace(str(tmp_path), "")
    written += "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("r*.csv"))
    assert not re.findall(r"\b(ann|bea|cid|dora)\b", written)
    assert "2 of 3 listeners count" in done.output
    assert "quuxnet is better than zilch" in plain.output
    stranger = CliRunner().invoke(app, ["results", str(panel), "--pseudonyms", "--keep", "anne"])
    assert "no listener of this panel has that name" in str(stranger.exception)


def test_who_looked_before_all_had_listened_is_told_so(panel: Path) -> None:
    first = CliRunner().invoke(app, ["results", str(panel)])
    again = CliRunner().invoke(app, ["results", str(panel)])
    assert "p values are too small" not in first.output + again.output
    take(panel, "dora", {"zilch": 3, "quuxnet": 3})
    later = CliRunner().invoke(app, ["results", str(panel)]).output
    assert "Looked at before all had listened (looks: 1, the last with 3 listeners)" in later
    (record,) = (panel / "ratings").glob("results-looked-at*")
    assert len(record.read_text().splitlines()) == 2
    assert not [name for name in ("ann", "dora") if name in record.read_text()]
    record.write_text("no record\n")
    spoilt = CliRunner().invoke(app, ["results", str(panel)])
    assert spoilt.exit_code == 0, spoilt.output


def test_a_record_of_looks_that_is_a_link_is_left_alone(panel: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine\n")
    (panel / "ratings" / "results-looked-at.jsonl").symlink_to(elsewhere)
    done = CliRunner().invoke(app, ["results", str(panel)])
    assert "could not be kept" in done.output
    assert elsewhere.read_text() == "mine\n"


def test_a_session_that_is_open_stays_hidden(panel: Path) -> None:
    running = take(panel, "dora", {"zilch": 3, "quuxnet": 3}, leave_open_after=2)
    hidden = CliRunner().invoke(app, ["results", str(panel)]).output
    assert "hidden while the session is open: dora" in hidden
    assert "3 of 3 listeners count" in hidden
    running.close()
    assert "4 of 4 listeners count" in CliRunner().invoke(app, ["results", str(panel)]).output


def test_conditions_are_filled_in_when_nobody_has_to_listen_any_more(panel: Path) -> None:
    running = take(panel, "dora", {"zilch": 3, "quuxnet": 3}, leave_open_after=2)
    refused = CliRunner().invoke(app, ["unseal", str(panel)])
    assert "dora has not finished" in str(refused.exception)
    running.close()
    done = CliRunner().invoke(app, ["unseal", str(panel), "--anyway"])
    assert (done.exit_code, done.output) == (0, "4 sessions filled in, 0 had been\n")
    for path in (panel / "ratings").glob("*.csv"):
        assert set(pd.read_csv(path)["condition"]) == {"zilch", "quuxnet"}


def test_the_window_saves_every_vote_with_its_condition(
    panel: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ResultsWindow(panel)
    qtbot.addWidget(window)
    monkeypatch.setattr(window, "_ask", lambda *_: tmp_path / "votes.csv")
    (button,) = [one for one in window.findChildren(QPushButton) if one.text() == "Save Votes…"]
    button.click()
    saved = pd.read_csv(tmp_path / "votes.csv")
    assert saved.groupby("condition")["vote"].mean().round(2).to_dict() == {"zilch": 1, "quuxnet": 4.33}
    assert "Written" in window.said.text()


def test_a_name_that_is_no_listeners_is_told(panel: Path) -> None:
    for option in ("--keep", "--leave-out"):
        done = CliRunner().invoke(app, ["results", str(panel), option, "anne"])
        assert isinstance(done.exception, GaplistenError)
        assert "it has: ann, bea, cid" in str(done.exception)


def test_looking_leaves_the_lock_of_another_machine_alone(panel: Path) -> None:
    files = (panel / "ratings").glob("*.csv")
    (file,) = [path for path in files if set(pd.read_csv(path)["listener"]) == {"bea"}]
    lock = file.with_suffix(".lock")
    lock.write_text('{"host": "another-machine", "process": 7}')
    output = CliRunner().invoke(app, ["results", str(panel)]).output
    assert "hidden while the session is open: bea" in output
    assert "2 of 2 listeners count" in output
    assert "another-machine" in lock.read_text()
    lock.write_text(f'{{"host": "{socket.gethostname()}", "process": 999999999}}')  # killed here
    assert "3 of 3 listeners count" in CliRunner().invoke(app, ["results", str(panel)]).output
    assert lock.exists()  # the listener's next start tells that the last one did not end properly


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_figures_are_drawn_to_files(panel: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"figure.{ending}"
    done = CliRunner().invoke(app, ["results", str(panel), "--figure", str(path)])
    assert done.exit_code == 0, done.output
    if ending == "svg":
        drawn = path.read_text(encoding="utf-8")
        assert "quuxnet − zilch" in drawn
        words = " ".join(re.findall(r">([^<>]+)</text>", drawn))
        assert words.count("n = 3 listeners, 2 clips; 95 % over listeners and clips") == 2
    else:
        image = QImage(str(path))
        assert image.width() == pytest.approx(88 / 25.4 * 200, abs=2)
        wide = [*("results", str(panel), "--figure", str(path)), "--width-mm", "181"]
        assert CliRunner().invoke(app, wide).exit_code == 0
        assert QImage(str(path)).width() == pytest.approx(181 / 25.4 * 200, abs=2)


def test_each_part_of_the_results_is_a_figure_of_its_own(panel: Path, tmp_path: Path) -> None:
    def words(part: str) -> list[str]:
        path = tmp_path / f"{part}.svg"
        done = CliRunner().invoke(app, ["results", str(panel), "--figure", str(path), "--show", part])
        assert done.exit_code == 0, done.output
        return re.findall(r">([^<>]+)</text>", path.read_text(encoding="utf-8"))

    assert any(word.startswith("longest burst") for word in words("strata"))
    votes = words("votes")
    assert "quuxnet (n = 6)" in votes
    assert votes.count("100") == 2  # all six votes on zilch were 1, and where the axis ends
    assert {"33", "67"} <= set(votes)  # two of six votes on quuxnet were 5, four were 4
    done = CliRunner().invoke(app, ["results", str(panel), "--show", "everything"])
    assert "choose summary, strata, votes" in str(done.exception)


def test_the_report_is_one_file_that_says_what_a_reviewer_asks(panel: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.html"
    words = ["results", str(panel), "--report", str(path), "--leave-out", "bea=ill"]
    assert CliRunner().invoke(app, words).exit_code == 0
    page = path.read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for said in (
        "quuxnet is better than zilch: +3.00",
        "With everybody, nobody left out",
        "2 of 3 listeners count",
        "bea: ill",
        "Excellent",  # as listeners were asked
        "each condition with each",
        "other listeners and other clips",
        "listeners and clips",
        "panel (SHA-256)",
    ):
        assert said.casefold() in text.casefold(), said
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", page)
    assert "<script" not in page
    assert page.count("data:image/svg+xml") == 2  # of one burst length nothing more is said
    assert str(tmp_path) not in page


def test_a_report_under_pseudonyms_names_nobody(panel: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.html"
    done = CliRunner().invoke(app, ["results", str(panel), "--pseudonyms", "--report", str(path)])
    assert done.exit_code == 0, done.output
    page = path.read_text(encoding="utf-8")
    assert not re.findall(r"\b(ann|bea|cid)\b", page)
    assert "L3" in page


def test_the_window_saves_report_tables_and_figures(
    panel: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ResultsWindow(panel)
    qtbot.addWidget(window)
    window.pseudonyms.setChecked(True)

    def save(name: str, act: Callable[[], object]) -> Path:
        monkeypatch.setattr(window, "_ask", lambda *_: tmp_path / name)
        act()
        assert window.said.text() == f"Written: {tmp_path / name}"
        return tmp_path / name

    report, votes, tables, _ = window._savers
    saved = save("r.html", report.click).read_text(encoding="utf-8")
    saved += save("r.csv", tables.click).read_text(encoding="utf-8")
    saved += save("votes.csv", votes.click).read_text(encoding="utf-8")
    saved += (tmp_path / "r-by-listener.csv").read_text(encoding="utf-8")
    assert "L1" in saved
    assert not re.findall(r"\b(ann|bea|cid)\b", saved)
    for action in window.figures.actions():
        assert save(f"{action.text()}.pdf", action.trigger).read_bytes().startswith(b"%PDF")


def test_a_figure_of_no_votes_is_refused_with_a_sentence(panel: Path, tmp_path: Path) -> None:
    nobody = [part for name in ("ann", "bea", "cid") for part in ("--leave-out", f"{name}=ill")]
    done = CliRunner().invoke(app, ["results", str(panel), "--figure", str(tmp_path / "f.svg"), *nobody])
    assert isinstance(done.exception, GaplistenError)
    assert "no votes count" in str(done.exception)


def test_every_listeners_share_stands_behind_the_pair(qtbot: QtBot) -> None:
    scores = {"ann": [1, 1, -1, 0], "ben": [-1, -1, -1, -1], "cid": [0, 0, 0, 0]}
    votes = tuple(
        Rating(who, "test", f"c{at}", "", "x", "y", "condition", at, float(score))
        for who, own in scores.items()
        for at, score in enumerate(own)
    )
    plot = ResultsPlot()
    qtbot.addWidget(plot)
    plot.show_results(evaluate_votes(Collected(votes), method("ab")))
    dots = [item.getData()[1].tolist() for item in plot._items if isinstance(item, pg.ScatterPlotItem)]
    assert dots == [pytest.approx([0.625, 0.0, 0.5]), [pytest.approx(0.375)]]  # undecided answers are half
    assert plot.getAxis("left").labelText == "preference, 95 % over listeners and clips"
    undecided = tuple(vote for vote in votes if vote.listener == "cid")
    plot.show_results(evaluate_votes(Collected(undecided), method("ab")))


def test_another_ending_is_refused_with_a_sentence(panel: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["results", str(panel), "--figure", str(tmp_path / "figure.bmp")])
    assert "use .pdf, .svg or .png" in str(done.exception)


def test_the_window_shows_means_and_follows_new_ratings(panel: Path, qtbot: QtBot) -> None:
    window = ResultsWindow(panel)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    assert window.conditions.item(0, 2).text() == "3"
    assert "over 3 listeners and 2 clips" in window.verdict.toPlainText()
    assert window.comparisons.item(0, 0).text() == "quuxnet"
    assert window.own["reliability"].rowCount() > 0
    take(panel, "eve", {"zilch": 2, "quuxnet": 2})
    window.refresh()
    assert "over 4 listeners and 2 clips" in window.verdict.toPlainText()
    assert window.conditions.item(0, 2).text() == "4"
    assert window.results is not None
    means = {one.condition: one.mean.mean for one in window.results.conditions}
    assert means == {"zilch": 1.25, "quuxnet": 3.75}


def test_a_vote_of_an_open_session_has_nothing_read_anew(
    panel: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = ResultsWindow(panel)
    qtbot.addWidget(window)
    asked = []
    monkeypatch.setattr(window, "_show", asked.append)
    running = take(panel, "dora", {"zilch": 3, "quuxnet": 3}, leave_open_after=1)
    window.refresh()
    assert [one.running for one in asked] == [("dora",)]
    listen_and_rate(running)
    window.refresh()
    assert len(asked) == 1
    running.close()
    window.refresh()
    assert len(asked) == 2
    assert not asked[1].running


def test_many_ratings_are_read_beside_while_the_window_answers(
    panel: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaplisten.ui.results.window.READ_AT_ONCE", 1000)
    tasks = Tasks()
    window = ResultsWindow(panel, tasks=tasks)
    qtbot.addWidget(window)
    assert window.results is None
    assert window.said.text() == "Reading the ratings…"
    window.refresh()  # as the timer does meanwhile
    qtbot.waitUntil(lambda: (tasks.poll(), window.results is not None)[1])
    assert not tasks.busy
    assert "over 3 listeners and 2 clips" in window.verdict.toPlainText()
    assert window.said.text() == ""
    take(panel, "eve", {"zilch": 2, "quuxnet": 2})
    window.refresh()
    assert tasks.busy
    window.close()
    assert not tasks.busy
    tasks.close()


@pytest.mark.parametrize("name", ["acr", "ab"])
def test_the_figure_speaks_the_panels_language_whatever_the_window_speaks(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(translation, "words", lambda: languages.window_words("de"))
    votes = tuple(
        Rating(who, "test", f"c{at}", "", "v1.5", "" if name == "acr" else "v2.5", "condition", at, score)
        for who, scores in {"ann": (1.0, 0.0, 1.0), "ben": (0.0, 1.0, 1.0)}.items()
        for at, score in enumerate(scores)
    )
    plot = ResultsPlot()
    qtbot.addWidget(plot)
    plot.show_results(evaluate_votes(Collected(votes), method(name), language="de"))
    ((_, label),) = plot.getAxis("bottom")._tickLevels[0]
    names, numbers, *_ = label.splitlines()
    assert names == ("v1.5" if name == "acr" else "v1.5 / v2.5")  # a name is no number
    assert re.match(r"0,\d\d ", numbers)
    assert plot.getAxis("left").tickStrings([0.5, 1.0], 1, 0.5) == ["0,5", "1,0"]
    told = {"acr": "MOS", "ab": "Präferenz"}[name]
    assert plot.getAxis("left").labelText == f"{told}, 95 % über Hörende und Clips"
    plot.show_results(evaluate_votes(Collected(votes), method(name)))
    assert plot.getAxis("left").tickStrings([0.5, 1.0], 1, 0.5) == ["0.5", "1.0"]
    assert plot.getAxis("left").labelText.endswith(", 95 % over listeners and clips")


def listen_and_rate(session: Session) -> None:
    session.started(0)
    session.heard(0, 0, session.state.frames)
    assert session.rate(3) is None
    assert session.next() is None


def test_the_window_compares_talkers_where_there_are_several(panel: Path, qtbot: QtBot) -> None:
    window = ResultsWindow(panel)
    qtbot.addWidget(window)
    assert "Talkers" not in tabs_shown(window)
    scores = {("kim", "female"): 2.0, ("lee", "male"): 4.0}
    votes = tuple(
        Rating(who, "test", "c", "", "zilch", "", "condition", 3, score, talker=talker, sex=sex)
        for who in ("ann", "ben")
        for (talker, sex), score in scores.items()
    )
    window._show(evaluate_votes(Collected(votes), method("acr")))
    assert "Talkers" in tabs_shown(window)
    shown = [[window.talkers.item(row, at).text() for at in (0, 1, 4)] for row in range(4)]
    assert shown == [
        ["zilch", "female", "2"],
        ["zilch", "male", "4"],
        ["zilch", "kim", "2"],
        ["zilch", "lee", "4"],
    ]


def tabs_shown(window: ResultsWindow) -> list[str]:
    (tabs,) = window.findChildren(QTabWidget)
    return [tabs.tabText(at) for at in range(tabs.count()) if tabs.isTabVisible(at)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_of_several_scales_stands_in_tables_and_figure(
    language: str, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = built(
        tmp_path, definition("p835", f'language = "{language}"\n[rules]\nheard = "nothing"\n{NO_LEVEL}')
    )
    for name in ("ann", "bea", "cid"):
        with Session.open(folder, name) as session:
            while session.trial is not None:
                for vote, scale in enumerate(("signal", "background", "overall"), start=2):
                    assert session.rate(vote, scale=scale) is None
                assert session.next() is None
    window = ResultsWindow(folder)
    qtbot.addWidget(window)
    heads = [window.conditions.horizontalHeaderItem(at).text() for at in range(3)]
    german = language != "en"
    assert heads == (["Bedingung", "Skala", "Schicht"] if german else ["condition", "scale", "stratum"])
    scales = ("signal", "background", "overall")
    scales = ("Sprachsignal", "Hintergrund", "Gesamteindruck") if german else scales
    shown = [[window.conditions.item(row, at).text() for at in (0, 1, 5)] for row in range(6)]
    assert shown[:3] == [["zilch", scale, str(vote)] for vote, scale in enumerate(scales, start=2)]
    figure = tmp_path / "figure.svg"
    wide = ["--width-mm", "181"] if german else []  # the words are longer: in a column their ends are cut
    assert CliRunner().invoke(app, ["results", str(folder), "--figure", str(figure), *wide]).exit_code == 0
    drawn = figure.read_text(encoding="utf-8")
    for scale in scales:
        assert all(drawn.count(f">{name}, {scale}<") == 1 for name in ("quuxnet", "zilch"))
        assert drawn.count(f"quuxnet − zilch, {scale}") == 1


def test_what_stands_under_many_scales_does_not_overlap(qtbot: QtBot) -> None:
    conditions = ("lossy", "tPLCnet", "g711_appendix1", "opus")
    votes = tuple(
        Rating("ann", "test", "c", "", name, "", "condition", at, 1.0 + at, scale=scale)
        for at, name in enumerate(conditions)
        for scale in ("signal", "background", "overall")
    )
    plot = ResultsPlot()
    qtbot.addWidget(plot)
    plot.resize(980, 360)  # as in the window at its first size
    plot.show_results(evaluate_votes(Collected(votes), method("p835")))
    (ticks,) = plot.getAxis("bottom")._tickLevels
    assert len(ticks) == 12
    column = (980 - 50) / 12.2
    for line in range(4):
        said = [(place, name.split("\n")[line].strip()) for place, name in ticks]
        written = [(place, plot.fontMetrics().horizontalAdvance(text)) for place, text in said if text]
        for (place, width), (following, wider) in itertools.pairwise(written):
            assert (width + wider) / 2 < (following - place) * column
