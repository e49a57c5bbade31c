"""A lane can be changed before it is heard and drawn, and changed back."""

from __future__ import annotations


def test_an_edited_lane_is_heard_drawn_and_put_back(opened, player) -> None:
    controller = opened.controller
    lane = next(lane for lane in controller.lanes if lane.ident == "condition:mild")
    controller.document.set_delay(controller.clip_name, lane.ident, 40)
    moved = controller.lane(lane.key)
    assert controller.edited == {lane.ident}
    assert moved.signal is not lane.signal
    assert player.lanes[lane.key] is moved.signal
    assert opened.shell.display.source_of(moved) is moved.signal
    assert "removed" in moved.state
    controller.document.undo()
    assert controller.edited == frozenset()
    assert player.lanes[lane.key] is lane.signal
