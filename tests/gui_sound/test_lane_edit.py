"""A lane can be changed before it is heard and drawn, and changed back."""

from __future__ import annotations

from dataclasses import replace

from gaplisten.audio.signal import Signal


def test_an_edited_lane_is_heard_drawn_and_put_back(opened, player) -> None:
    controller = opened.controller
    lane = next(lane for lane in controller.lanes if lane.ident == "condition:mild")
    silent = Signal(lane.signal.samples * 0, lane.signal.rate)

    def edit(each):
        return replace(each, signal=silent, state="muted") if each.ident == lane.ident else each

    controller.lane_edit = edit
    controller.relane()
    assert controller.edited == {lane.ident}
    assert player.lanes[lane.key] is silent
    assert opened.display.source_of(controller.lane(lane.key)) is silent
    assert controller.lane(lane.key).state == "muted"
    controller.lane_edit = lambda each: each
    controller.relane()
    assert controller.edited == frozenset()
    assert player.lanes[lane.key] is lane.signal
