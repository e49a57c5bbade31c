"""What a saved file says of its versions, and what becomes of that when plugins change."""

from dataclasses import replace

import pytest

from gaplisten.bench.concealing import version_names
from gaplisten.bench.controller import Controller
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.pinning import pinned, settled
from gaplisten.bench.state import Choice, Work
from gaplisten.bench.store import from_toml, read_work, to_toml, write_work
from gaplisten.concealers.entries import Parameter
from kit.player import FakePlayer
from kit.workbench import FakeCatalogue, FakeRunner, entry

HOLD = Parameter("hold", "float", 10.0, unit="ms")
MODEL = Parameter("model", "path", ".")
KEEP = Parameter("keep_pitch", "bool", False)
MINE = entry("mine", "Mine", HOLD, MODEL, KEEP)


def _names(*values):
    return version_names([("Mine", MINE, each) for each in values])


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "Mine"),
        ({"hold": 10.0}, "Mine"),
        ({"hold": 5.0}, "Mine (hold 5 ms)"),
        ({"hold": 0.125, "keep_pitch": True}, "Mine (hold 0.125 ms, keep pitch on)"),
        ({"model": "/some/where/best.onnx"}, "Mine (model best.onnx)"),
    ],
)
def test_a_version_is_named_by_what_distinguishes_it(values, name):
    assert _names(values) == (name,)


def test_a_text_in_a_name_has_one_line_and_shows_every_sign():
    (name,) = version_names([("Command", None, {"command": "run \u202e it\n" + "x" * 100})])
    assert name.startswith("Command (command run ")
    assert "\u202e" not in name
    assert "\n" not in name
    assert len(name) < 70


def test_only_versions_that_are_alike_in_everything_are_counted():
    assert _names({}, {"hold": 5.0}, {}, {"hold": 5.0}) == (
        "Mine",
        "Mine (hold 5 ms)",
        "Mine 2",
        "Mine (hold 5 ms) 2",
    )


def test_of_a_plugin_that_is_not_there_every_parameter_is_told():
    assert version_names([("gone", None, {"gain": 0.5})]) == ("gone (gain 0.5)",)


def _catalogue(*entries):
    return FakeCatalogue(entries)


def test_a_file_pins_every_parameter_and_the_plugin_s_hash(tmp_path):
    work = Work(choices=(Choice("mine", (("hold", 5.0),)), Choice("gone", (("a", 1),))))
    path = tmp_path / "w.toml"
    write_work(path, pinned(work, _catalogue(replace(MINE, digest="ab12"))))
    mine, gone = from_toml(path.read_text(encoding="utf-8"), path).choices
    assert (mine.values, mine.plugin) == ({"hold": 5.0, "keep_pitch": False}, "ab12")
    assert (gone.values, gone.plugin) == ({"a": 1}, "")


def test_a_choice_that_has_no_default_is_left_out_of_the_file(tmp_path):
    usual = Parameter("window", "choice", "hann", choices=("hann", "rectangle"))
    optional = Parameter("mode", "choice", None, choices=("a", "b"), optional=True)
    must = Parameter("kind", "choice", None, choices=("x", "y"), required=True)
    path = tmp_path / "w.toml"
    work = Work(choices=(Choice("mine"),))
    write_work(path, pinned(work, _catalogue(entry("mine", "Mine", usual, optional, must))))
    assert from_toml(path.read_text(encoding="utf-8"), path).choices[0].values == {"window": "hann"}


def test_with_the_same_plugin_only_what_differs_from_the_defaults_is_kept_in_mind():
    work = Work(choices=(Choice("mine", (("hold", 5.0),)),))
    catalogue = _catalogue(MINE)
    again, changed = settled(pinned(work, catalogue), catalogue)
    assert (again, changed, again.choices[0].plugin) == (work, (), "")


def test_a_plugin_that_is_not_there_stays_pinned_as_the_file_has_it(tmp_path):
    work = Work(choices=(Choice("gone", (("a", 1),), "ab12"),))
    again, changed = settled(work, _catalogue(MINE))
    assert (again.choices[0].plugin, changed) == ("ab12", ())
    assert 'plugin = "ab12"' in to_toml(pinned(again, _catalogue(MINE)), tmp_path)


@pytest.fixture
def controller():
    made = Controller(Hearing(FakePlayer()))
    made.told = []
    made.failed.connect(lambda error: made.told.append(str(error)))
    yield made
    made.close()


@pytest.mark.parametrize("catalogue_first", [True, False])
def test_another_plugin_than_the_file_s_is_told_and_its_new_defaults_change_nothing(
    controller, tmp_path, catalogue_first
):
    path = tmp_path / "w.gaplisten.toml"
    write_work(path, pinned(Work(choices=(Choice("mine"),)), _catalogue(entry("mine", "Mine", HOLD))))
    other = replace(entry("mine", "Mine", replace(HOLD, default=2.5)), digest="ffff")
    steps = [
        lambda: controller.use_catalogue(_catalogue(other), FakeRunner()),
        lambda: controller.open_work(read_work(path), path),
    ]
    for step in steps if catalogue_first else reversed(steps):
        step()
    assert [told for told in controller.told if "Mine: another version than this file was saved with" in told]
    assert controller.document.work.choices[0].values == {"hold": 10.0}
    assert not controller.document.unsaved, "to look at the plugins is no edit"
    assert controller.to_save().choices[0].plugin == "ffff"


def test_the_plugin_that_a_file_was_saved_with_is_not_worth_a_word(controller, tmp_path):
    path, catalogue = tmp_path / "w.gaplisten.toml", _catalogue(MINE)
    write_work(path, pinned(Work(choices=(Choice("mine"),)), catalogue))
    controller.use_catalogue(catalogue, FakeRunner())
    controller.open_work(read_work(path), path)
    assert controller.told == []
    assert controller.document.work.choices == (Choice("mine"),)
