"""Find Damage lists places in a lane; choosing one goes there, and they can be taken as gaps."""

from __future__ import annotations

from gaplisten.loss.damage import Kind


def dialog(qtbot, opened):
    from gaplisten.ui.gaps.damage_dialog import DamageDialog

    opened.actions_table["gap.find_damage"].trigger()
    made = opened.findChild(DamageDialog)
    qtbot.waitUntil(lambda: made.damage is not None, timeout=20_000)
    return made


def test_the_lossy_lanes_gaps_are_found_gone_to_and_taken_as_gaps(qtbot, opened, player) -> None:
    made = dialog(qtbot, opened)
    assert made.lane.currentText() == "Lossy"
    places = made.damage.places
    assert {place.kind for place in places} == {Kind.DROPOUT}
    lost = opened.controller.gaps
    assert len(places) == len(lost)
    assert all(abs(place.start - gap.start) <= 40 for place, gap in zip(places, lost, strict=True))
    assert made.table.item(0, 4).text() == "exactly nothing is there"
    made.table.selectRow(1)
    start, stop = opened.lanes_view.visible_range
    assert start <= places[1].start < places[1].stop <= stop
    made.take_as_gaps()
    assert opened.controller.trace.spans.tolist() == [[place.start, place.stop] for place in places]
    assert opened.controller.document.undo() == "new loss"


def test_the_list_goes_with_its_clip(qtbot, opened) -> None:
    from gaplisten.ui.gaps.damage_dialog import DamageDialog

    dialog(qtbot, opened)
    opened.controller.clip_changed.emit()
    qtbot.waitUntil(lambda: not opened.findChildren(DamageDialog), timeout=5_000)
