"""Versions keep their colours."""

from gaplisten.bench.lanes import Colours, Lane, Role, keyed


def _lanes(names, order=()):
    roles = {"reference": Role.REFERENCE, "lossy": Role.LOSSY}
    return keyed([Lane(name, name, roles.get(name, Role.CONCEALER), None) for name in names.split()], order)


def _colours(colours, names, order=()):
    return {lane.ident: lane.colour for lane in colours.coloured(_lanes(names, order))}


def test_a_version_keeps_its_colour_when_lanes_move_and_others_come_and_go():
    colours = Colours()
    assert _colours(colours, "reference lossy a b c") == {"reference": 0, "lossy": 1, "a": 2, "b": 3, "c": 4}
    assert _colours(colours, "reference lossy a b c", ["c", "a", "b"])["c"] == 4
    assert _colours(colours, "reference lossy b c") == {"reference": 0, "lossy": 1, "b": 3, "c": 4}
    assert _colours(colours, "reference lossy b c d")["d"] == 2, "what is free is given again"
    assert _colours(colours, "reference lossy a b c d") == {
        "reference": 0,
        "lossy": 1,
        "a": 5,
        "b": 3,
        "c": 4,
        "d": 2,
    }


def test_twelve_versions_have_twelve_colours():
    names = " ".join(["reference", "lossy", *(f"v{number}" for number in range(10))])
    assert sorted(_colours(Colours(), names).values()) == list(range(12))
