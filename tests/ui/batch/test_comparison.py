"""Conditions side by side: tables, pictures, the way to the worst gap, ratings."""

from __future__ import annotations

import csv
import re
import threading
from pathlib import Path
from typing import Any

import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gaplisten import languages
from gaplisten.batch.compare import Point, distributions, paired_differences
from gaplisten.batch.comparison import Comparison, Scale, from_table, heard_in
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.report import set_report, set_work
from gaplisten.tables import Table
from gaplisten.ui import translation
from gaplisten.ui.batch.comparison_window import ComparisonWindow
from gaplisten.ui.batch.plot import ComparisonPlot, p_text
from gaplisten.ui.batch.tables import PlainTable
from gaplisten.ui.batch.tables import shown as shown_as
from kit.listener import built, clips_folder, definition, take

MOS = Scale("plcmos", "PLC-MOS", "MOS")
DISTANCE = Scale("lsd", "Distance", "dB", higher_is_better=False)


def points(condition: str, *values: float) -> tuple[Point, ...]:
    return tuple(Point(f"c{n}", condition, value, "<=120 ms") for n, value in enumerate(values))


def comparison() -> Comparison:
    return Comparison(
        "test",
        (MOS, DISTANCE),
        {
            "plcmos": (
                *points("reference", 4.5, 4.5, 4.5, 4.5, 4.5),
                *points("a", 2.0, 3.0, 4.0, 3.5, 1.0),
                *points("b", 2.5, 3.5, 4.5, 4.0, 1.5),
            ),
            "lsd": (*points("a", 2.0, 9.0), *points("b", 1.0, 3.0)),
        },
    )


@pytest.fixture
def shown(qtbot: QtBot) -> ComparisonWindow:
    made = ComparisonWindow(comparison())
    qtbot.addWidget(made, before_close_func=lambda widget: None)
    made.show()
    return made


def test_intervals_over_few_clips_are_drawn_whole(qtbot: QtBot) -> None:
    plot, scale = ComparisonPlot(), Scale("m", "M")
    qtbot.addWidget(plot)
    few = (*points("a", 2.0, 2.2), *points("b", 3.0, 3.1))
    found, pairs = distributions(few), paired_differences(few)
    plot.show_distributions(scale, few, found)
    low, high = plot.viewRange()[1]
    assert low < min(one.ci_low or 0.0 for one in found)
    assert high > max(one.ci_high or 0.0 for one in found)
    plot.show_differences(scale, few, pairs)
    low, high = plot.viewRange()[1]
    assert pairs[0].ci_low is not None
    assert pairs[0].ci_high is not None
    assert low < pairs[0].ci_low < pairs[0].ci_high < high


def test_tables_and_figures_are_in_the_windows_language(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "words", lambda: languages.window_words("de"))
    made = ComparisonWindow(comparison())
    qtbot.addWidget(made, before_close_func=lambda widget: None)
    model = made.tables[1].model()
    heads = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    assert heads[:6] == ["Erste", "Zweite", "Clips", "Erste − zweite", "95 % von", "bis"]
    assert made.said.text().startswith("Jeder Punkt ist ein Clip; ")
    few = points("a", 2.0, 2.2)
    made.plot.show_distributions(Scale("lsd", "Log-spectral distance", "dB"), few, distributions(few))
    assert made.plot.getAxis("left").labelText == "Log-Spektralabstand (dB)"
    made.tabs.setCurrentIndex(3)
    assert made.said.text() == "Hörurteile… fügt hinzu, was Hörende sagten."


def test_each_condition_is_described_and_the_reference_only_when_asked_for(shown: ComparisonWindow) -> None:
    rows = shown.tables[0].table.rows
    assert [row[:3] for row in rows] == [("a", 5, 2.7), ("b", 5, 3.2)]
    shown.reference.setChecked(True)
    assert [row[0] for row in shown.tables[0].table.rows] == ["reference", "a", "b"]


def test_differences_come_with_interval_and_sign_test(shown: ComparisonWindow) -> None:
    (row,) = shown.tables[1].table.rows
    assert row[:3] == ("a", "b", 5)
    assert row[3] == pytest.approx(-0.5)
    assert row[6:9] == (0, 5, 0)
    assert row[9] == pytest.approx(2 / 32)


def test_a_baseline_can_be_chosen(shown: ComparisonWindow) -> None:
    shown.reference.setChecked(True)
    assert len(shown.tables[1].table.rows) == 3
    shown.baseline.setCurrentIndex(shown.baseline.findData("reference"))
    assert [row[:2] for row in shown.tables[1].table.rows] == [("a", "reference"), ("b", "reference")]


def test_the_worst_come_first_whichever_way_the_metric_goes(shown: ComparisonWindow) -> None:
    assert [row[3] for row in shown.tables[2].table.rows][:3] == [1.0, 1.5, 2.0]
    shown.metrics.setCurrentIndex(1)
    assert [row[3] for row in shown.tables[2].table.rows] == [9.0, 3.0, 2.0, 1.0]
    shown.condition.setCurrentIndex(shown.condition.findData("b"))
    assert [row[1] for row in shown.tables[2].table.rows] == ["b", "b"]


def test_clips_can_be_chosen_by_their_longest_burst(qtbot: QtBot) -> None:
    mixed = (
        Point("c0", "a", 2.0, "320-1000 ms"),
        Point("c1", "a", 3.0, "<=120 ms"),
        Point("c2", "a", 4.0, "<=120 ms"),
    )
    made = ComparisonWindow(Comparison("x", (MOS,), {"plcmos": mixed}))
    qtbot.addWidget(made)
    assert [made.stratum.itemData(at) for at in range(made.stratum.count())] == [
        None,
        "<=120 ms",
        "320-1000 ms",
    ]
    made.stratum.setCurrentIndex(1)
    assert made.tables[0].table.rows[0][:3] == ("a", 2, 3.5)


def test_a_click_on_a_dot_asks_for_its_clip(qtbot: QtBot, shown: ComparisonWindow) -> None:
    dots = next(
        item for item in shown.plot._items if getattr(item, "points", None) and len(item.points()) == 5
    )
    with qtbot.waitSignal(shown.clip_wanted) as asked:
        dots.sigClicked.emit(dots, [dots.points()[4]], None)
    assert asked.args == ["c4", "a", ""]


def test_the_row_at_hand_is_ringed_in_the_picture_and_enter_opens_it(
    qtbot: QtBot, shown: ComparisonWindow
) -> None:
    shown.tabs.setCurrentIndex(2)
    shown.tables[2].selectRow(1)
    x, y = shown.plot._ring.getData()
    assert (round(float(x[0])), float(y[0])) == (1, 1.5)
    with qtbot.waitSignal(shown.clip_wanted) as asked:
        qtbot.keyClick(shown.tables[2], Qt.Key.Key_Return)
    assert asked.args == ["c4", "b", ""]


def test_without_ratings_the_page_says_what_to_do_and_with_them_how_well_they_agree(
    shown: ComparisonWindow, tmp_path: Path
) -> None:
    assert shown.tables[3].table.rows == ()
    ratings = tmp_path / "ratings.csv"
    with ratings.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "condition", "rating"])
        for one in comparison().points["plcmos"]:
            if one.condition != "reference":
                writer.writerow([one.clip, one.condition, one.value - 0.5])
    shown.use_ratings(ratings)
    clip, condition = shown.tables[3].table.rows
    assert (*clip[1:3], *condition[1:3]) == ("clip", 10, "condition", 2)
    one = pytest.approx(1.0)  # a perfect agreement of these clips does not tell how sure it is
    assert clip[3:10] == (one, None, None, one, None, None, None)
    assert clip[10] == pytest.approx(0.5)


def test_ratings_that_cannot_be_used_are_refused_with_the_reason(
    shown: ComparisonWindow, tmp_path: Path
) -> None:
    shown.use_ratings(tmp_path)
    assert str(tmp_path) in shown.said.text()
    empty = tmp_path / "empty.csv"
    empty.write_text("clip,condition,rating\nc0,a,\n")
    with pytest.raises(GaplistenError, match="holds no ratings"):
        heard_in(empty)


@pytest.mark.parametrize("page", range(4))
def test_every_picture_can_be_saved_both_ways(shown: ComparisonWindow, tmp_path: Path, page: int) -> None:
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("clip,condition,rating\nc0,a,2\nc1,a,3\nc2,b,4\n")
    shown.use_ratings(ratings)
    shown.tabs.setCurrentIndex(page)
    shown.save_figure(tmp_path / "figure.svg")
    shown.save_figure(tmp_path / "figure.png")
    image = QImage(str(tmp_path / "figure.png"))
    assert (image.width(), image.height()) == (2700, 1680)
    colours = {image.pixel(x, y) for x in range(0, 2700, 9) for y in range(0, 1680, 9)}
    assert len(colours) > 8
    assert "PLC-MOS" in (tmp_path / "figure.svg").read_text(encoding="utf-8")
    shown.save_figure(tmp_path / "figure.gif")
    assert ".png or .svg" in shown.said.text()


def test_tables_are_saved_and_a_saved_table_of_scores_is_opened_again(
    shown: ComparisonWindow, tmp_path: Path
) -> None:
    shown.save_tables(tmp_path / "out.csv")
    written = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert written == ["out-plcmos-differences.csv", "out-plcmos-distributions.csv", "out-plcmos-worst.csv"]
    tidy = tmp_path / "scores.csv"
    tidy.write_text("clip,condition,metric,value,unit\n1,a,lsd,2.5,dB\n1,a,own,7,points\n2,a,own,,points\n")
    found = from_table(tidy)
    assert [(scale.name, scale.unit, scale.higher_is_better) for scale in found.scales] == [
        ("lsd", "dB", False),
        ("own", "points", True),
    ]
    assert found.points["own"] == (Point("1", "a", 7.0),)
    tidy.write_text("clip,condition,metric,value\n1,a,lsd,\n")
    with pytest.raises(GaplistenError, match="holds no score"):
        from_table(tidy)


def test_a_place_for_the_tables_that_cannot_be_written_is_told(
    qtbot: QtBot, shown: ComparisonWindow, tmp_path: Path
) -> None:
    with qtbot.captureExceptions() as raised:
        shown.save_tables(tmp_path / "not there" / "all.csv")
    assert not raised
    assert "cannot be written" in shown.said.text()


@pytest.mark.parametrize(("count", "named"), [(2, True), (9, True), (45, False)])
def test_names_under_a_picture_never_overlap(qtbot: QtBot, count: int, named: bool) -> None:
    plot = ComparisonPlot()
    qtbot.addWidget(plot)
    plot.resize(900, 400)
    names = [f"a condition of long name {number}" for number in range(count)]
    points = [Point(str(clip), name, 1.0 + clip, "") for name in names for clip in range(2)]
    plot.show_distributions(Scale("m", "M"), points, distributions(points))
    axis = plot.getAxis("bottom")
    plot.show()
    for width in (900, 720):
        plot.resize(width, 400)
        ticks = axis._tickLevels[0]
        assert bool(ticks) == named
        assert bool(axis.labelText) != named
        lines = [line for _, text in ticks for line in text.split("\n")]
        widest = max((plot.fontMetrics().horizontalAdvance(line) for line in lines), default=0)
        assert widest < width / count
        assert all(text.endswith("\nn = 2") for _, text in ticks)  # a number is never cut


def test_small_probabilities_are_printed_as_papers_do() -> None:
    assert [p_text(p) for p in (1e-9, 0.0312, 1.0)] == ["p < 0.001", "p = 0.031", "p = 1"]


# --- a report ----------------------------------------------------------------------------------------------


def scored(folder: Path, *conditions: str) -> Comparison:
    """Return scores of clip 2 and 3, as a table has them: a name for each sound."""
    found = [
        Point(clip, name, 3.0 + at, f"talker t{clip}", str(folder / name / f"{clip}.wav"))
        for at, name in enumerate(conditions)
        for clip in ("2", "3")
    ]
    return Comparison("x", (MOS,), {"plcmos": tuple(found)})


def test_the_page_that_compare_writes_is_written_from_scores(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_report, "MOST_FINDINGS", 1)
    window.panes["batch"].show_comparison(scored(clips_folder, "mild", "rough"))
    (made,) = window.panes["batch"].windows
    row = made.report
    assert [each.text() for each in row.against.actions()] == ["Against mild…", "Against rough…"]
    row.write("mild", tmp_path / "r.html")
    assert row.stop.isVisible()
    with qtbot.waitSignal(row.run.finished, timeout=30_000):
        pass
    assert re.match(rf"Written: {tmp_path}/r\.html, 1 of \d+ findings in it", made.said.text())
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "rough against mild" in text
    assert "PLC-MOS" in text
    assert "By what is known of the clips" in text
    for stratum in ("talker t2", "talker t3"):  # a line for each build
        assert len(re.findall(rf"<tr><td>{stratum}</td><td>(mild|rough)</td>", text)) == 2
    assert [made.stratum.itemText(at) for at in range(3)] == ["all clips", "talker t2", "talker t3"]
    assert re.search(r"<h2>rough: [23]: gap \d of \d", text)
    assert str(tmp_path) not in text
    opened: list[str] = []
    monkeypatch.setattr(
        "gaplisten.ui.batch.report_row.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    assert row.open.isVisible()
    row.open.click()
    assert opened == [str(tmp_path / "r.html")]


def test_a_report_that_is_stopped_writes_nothing(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()

    def slow(*_: object, job: Job, **__: object) -> None:
        while not held.wait(0.005):
            job.check(0.1)

    monkeypatch.setattr(set_work, "measure_builds", slow)
    window.panes["batch"].show_comparison(scored(clips_folder, "mild", "rough"))
    (made,) = window.panes["batch"].windows
    made.report.write("mild", tmp_path / "r.html")
    with qtbot.waitSignal(made.report.run.stopped):
        made.report.stop.click()
    assert made.said.text().startswith("Stopped")
    assert made.report.choose.isVisible()
    assert not (tmp_path / "r.html").exists()
    made.report.write("mild", tmp_path / "r.html")
    made.close()  # ends it, too
    qtbot.waitUntil(lambda: not window.panes["batch"].windows)
    qtbot.waitUntil(lambda: not window.controller.tasks.busy)


@pytest.mark.parametrize("why", ["no folder", "other clips", "one condition"])
def test_a_report_that_cannot_be_is_refused_with_the_reason(
    qtbot: QtBot, window: Any, clips_folder: Path, tmp_path: Path, why: str
) -> None:
    found = scored(clips_folder, "mild", *([] if why == "one condition" else ["rough"]))
    if why == "other clips":
        found = Comparison("x", (MOS,), {"plcmos": (Point("9", "a", 1.0), Point("9", "b", 1.0))})
    window.panes["batch"].show_comparison(found)
    (made,) = window.panes["batch"].windows
    assert made.report.choose.isEnabled() == (why != "one condition")
    made.report.write(
        found.conditions[0], tmp_path / "none" / "r.html" if why == "no folder" else tmp_path / "r"
    )
    said = {
        "no folder": "its folder is not there",
        "other clips": "are not open",
        "one condition": "two conditions",
    }
    qtbot.waitUntil(lambda: said[why] in made.said.text())
    assert not made.report.open.isVisible()


# --- the worst gap -----------------------------------------------------------------------------------------


def double_click(qtbot: QtBot, table: PlainTable, row: int) -> None:
    place = table.visualRect(table.model().index(row, 0)).center()
    for act in (qtbot.mouseClick, qtbot.mouseDClick):
        act(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_what_is_missing_in_a_column_of_numbers_stands_under_them(qtbot: QtBot) -> None:
    table = PlainTable("t")
    qtbot.addWidget(table)
    table.show_table(Table(("clip", "value", "why"), (("a", 1.5, None), ("b", None, "none"))))
    sides = [table.model().index(1, 1), table.model().index(0, 1), table.model().index(0, 2)]
    right = [bool(at.data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight) for at in sides]
    assert right == [True, True, False]


def looked_at(window: Any) -> Any:
    """Return the gap that the lanes point out."""
    places = {(gap.start, gap.stop): gap for gap in window.controller.gaps}
    return places.get(window.lanes_view._shown.gap)


def test_a_row_opens_its_clip_at_the_gap_where_its_version_is_worst(qtbot: QtBot, window: Any) -> None:
    found = Comparison("x", (MOS,), {"plcmos": (Point("2", "mild", 3.0), Point("3", "rough", 1.0))})
    window.panes["batch"].show_comparison(found)
    (made,) = window.panes["batch"].windows
    made.tabs.setCurrentIndex(2)
    double_click(qtbot, made.tables[2], 0)
    controller = window.controller
    qtbot.waitUntil(lambda: controller.clip_name == "3")
    gap = controller.gaps[0]
    qtbot.waitUntil(lambda: looked_at(window) == gap)
    assert controller.hearing.state.position == max(gap.start - window.shell.hand.context, 0)
    left, right = window.lanes_view.visible_range
    assert left <= gap.start < gap.stop <= right < controller.frames
    assert controller.lane(controller.hearing.heard).name == "rough"


@pytest.mark.parametrize("measure", ["click_entry", "lsd", "energy_error"])
def test_compare_and_w_lead_to_the_same_gap_and_name_the_same_rule(
    qtbot: QtBot, window: Any, measure: str
) -> None:
    controller = window.controller
    window.actions_table[f"gap.by_{measure}"].trigger()
    window.panes["batch"].jump.to("3", "rough")
    qtbot.waitUntil(lambda: looked_at(window) is not None)
    gap, said = looked_at(window), window.status.currentMessage()
    assert said.startswith(f"gap #{controller.gaps.index(gap) + 1}: ")
    assert "rough (1 of " in said
    window.panes["gaps"].walk.go_to((controller.gaps.index(gap) + 1) % len(controller.gaps))
    window.actions_table["gap.next_worst"].trigger()
    assert looked_at(window) == gap
    assert window.status.currentMessage() == said


def test_where_no_gap_has_a_value_compare_goes_to_the_longest_and_says_so(qtbot: QtBot, window: Any) -> None:
    window.actions_table["gap.by_recovery_lag"].trigger()
    window.panes["batch"].jump.to("3", "nowhere", "/no/such/file.wav")
    qtbot.waitUntil(lambda: looked_at(window) is not None)
    gaps = window.controller.gaps
    assert looked_at(window).frames == max(gap.frames for gap in gaps)
    assert "the longest: no gap of nowhere has a value of" in window.status.currentMessage()


def test_a_concealers_lane_is_waited_for(qtbot: QtBot, window: Any) -> None:
    controller = window.controller
    controller.document.switch_on("constant")
    window.panes["batch"].jump.to("2", "constant")
    qtbot.waitUntil(lambda: looked_at(window) is not None)
    assert (controller.clip_name, controller.lane(controller.hearing.heard).name) == ("2", "constant")


def test_who_goes_elsewhere_is_not_called_back(qtbot: QtBot, window: Any) -> None:
    controller, jump = window.controller, window.panes["batch"].jump
    jump.to("2", "rough")
    controller.show_clip("1")
    qtbot.waitUntil(lambda: controller.clip_name == "1")
    controller.show_clip("2")
    qtbot.waitUntil(lambda: controller.clip_name == "2")
    qtbot.waitUntil(lambda: not controller.busy)
    assert looked_at(window) is None


def test_another_row_of_the_same_clip_moves_on(qtbot: QtBot, window: Any) -> None:
    jump, controller = window.panes["batch"].jump, window.controller
    window.actions_table["gap.by_lsd"].trigger()
    jump.to("0", "rough")
    qtbot.waitUntil(lambda: looked_at(window) == controller.gaps[0])
    controller.hearing.seek(9000)
    jump.to("0", "rough")
    qtbot.waitUntil(lambda: controller.hearing.state.position < 9000)
    jump.to("0", "lossy")
    assert controller.lane(controller.hearing.heard).name == "Lossy"


def test_a_version_that_is_no_lane_is_judged_by_its_file(
    qtbot: QtBot, window: Any, clips_folder: Path
) -> None:
    jump, controller = window.panes["batch"].jump, window.controller
    window.actions_table["gap.by_lsd"].trigger()
    jump.to("1", "another_system", str(clips_folder / "rough" / "1.wav"))
    qtbot.waitUntil(lambda: controller.clip_name == "1")
    qtbot.waitUntil(lambda: looked_at(window) == controller.gaps[0])


def test_a_disagreement_opens_its_clip_at_the_gap_where_its_version_is_worst(
    qtbot: QtBot, window: Any, tmp_path: Path
) -> None:
    values = {("0", "mild"): 3.0, ("1", "mild"): 3.1, ("2", "mild"): 2.9, ("3", "rough"): 1.0}
    scored = tuple(Point(*key, value) for key, value in values.items())
    window.panes["batch"].show_comparison(Comparison("x", (MOS,), {"plcmos": scored}))
    (made,) = window.panes["batch"].windows
    ratings = tmp_path / "ratings.csv"
    heard = {**values, ("1", "mild"): 1.2}
    lines = [f"{clip},{condition},{value}" for (clip, condition), value in heard.items()]
    ratings.write_text("\n".join(["clip,condition,rating", *lines]))
    made.use_ratings(ratings)
    made.tabs.setCurrentIndex(4)
    assert made.tables[4].table.rows[0][:2] == ("1", "mild")
    double_click(qtbot, made.tables[4], 0)
    controller = window.controller
    qtbot.waitUntil(lambda: controller.clip_name == "1")
    qtbot.waitUntil(lambda: looked_at(window) is not None)
    assert controller.lane(controller.hearing.heard).name == "mild"


def test_a_clip_that_is_not_open_is_told(window: Any) -> None:
    window.panes["batch"].jump.to("nowhere", "a")
    assert "clip nowhere" in window.messages.said[-1]


# --- a panel's ratings --------------------------------------------------------------------------------------


def test_a_panels_votes_are_averaged_over_the_listeners_who_count(tmp_path: Path) -> None:
    clips_folder(tmp_path / "clips", ("wren", "finch"))  # besides the two that every panel has
    folder = built(tmp_path, definition("acr", "[checks]\nlevel = false\n"))
    for name, good in (("ann", 4), ("bea", 5)):
        take(folder, name, {"zilch": 1, "quuxnet": good})
    take(folder, "dull", {"zilch": 3, "quuxnet": 3})  # always the same: left out
    found = heard_in(folder)
    assert {(one.condition, one.rating) for one in found} == {("zilch", 1.0), ("quuxnet", 4.5)}
    assert len({one.clip for one in found}) == 4


def test_a_panel_that_asks_about_pairs_is_refused(tmp_path: Path) -> None:
    folder = built(tmp_path, definition("abx", "[checks]\nlevel = false\n"))
    with pytest.raises(GaplistenError, match="about pairs"):
        heard_in(folder)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3.000"), (3.6, "3.600"), (0.0, "0"), (-12.5, "-12.50"), (4321.0, "4321"), (7, "7"), (None, "-")],
)
def test_numbers_in_one_column_have_as_many_digits(value: float | None, text: str) -> None:
    assert shown_as(value) == text


def test_an_interval_is_a_bar_beside_the_box_and_never_a_whisker_on_it(qtbot: QtBot) -> None:
    plot = ComparisonPlot()
    qtbot.addWidget(plot)
    many = points("a", 2.0, 3.0, 4.0, 3.5, 1.0)
    found = distributions(many)
    plot.show_distributions(MOS, many, found)
    lines = [item for item in plot._items if isinstance(item, pg.PlotDataItem)]
    boxes = [item.xData for item in lines if len(item.xData) == 5]
    bars = [item for item in lines if len(item.xData) == 2 and item.xData[0] == item.xData[1]]
    assert [bar.yData.tolist() for bar in bars] == [[found[0].ci_low, found[0].ci_high]]
    assert bars[0].xData[0] > boxes[0].max(), "the interval stands beside the box"
    assert bars[0].opts["pen"].widthF() >= 6, "and is no thin line"
    assert not [item for item in plot._items if isinstance(item, pg.ErrorBarItem)]
    assert "box: quartiles and median" in plot.getPlotItem().titleLabel.text
    plot.say("nothing")
    assert not plot.getPlotItem().titleLabel.isVisible()


def test_small_scores_stand_at_the_axis_as_they_are(qtbot: QtBot) -> None:
    plot = ComparisonPlot()
    qtbot.addWidget(plot)
    plot.resize(700, 400)
    small = (
        *points("a", 0.0021, 0.0034, 0.0044, 0.0035, 0.0012),
        *points("b", 0.003, 0.004, 0.005, 0.004, 0.002),
    )
    plot.show()
    axis = plot.getAxis("left")
    for draw in (
        lambda: plot.show_distributions(MOS, small, distributions(small)),
        lambda: plot.show_differences(MOS, small, paired_differences(small)),
    ):
        draw()
        plot.grab()
        assert "x0.001" not in axis.labelString()
        low, high = plot.viewRange()[1]
        ((step, places), *_) = axis.tickValues(low, high, 300)
        said = axis.tickStrings(places, axis.autoSIPrefixScale * axis.scale, step)
        assert [float(each) for each in said] == pytest.approx(places, abs=1e-9)
