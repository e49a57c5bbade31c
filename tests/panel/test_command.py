"""`gaplisten panel` from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from gaplisten.batch.panel_renderer import CatalogueRenderer, NotForPanels
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import Entry, Parameter
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.plan import plan
from gaplisten.panel.session import Session
from kit.command import run
from kit.panels import NO_STEPS, make_clips, make_panel, play_step, take, toml
from kit.tables import rows_of

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("plugins_known")


def test_new_build_run_and_status_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clips(tmp_path / "clips")
    file, out = tmp_path / "p.toml", tmp_path / "panel"
    assert run("panel", "new", file, "--title", "Mine") == 0
    assert run("panel", "new", file) == 2
    text = file.read_text().replace("# parameters = { mute", "parameters = { mute")
    file.write_text(text)
    assert run("panel", "build", file, "--out", out) == 0
    assert "8 stimuli" not in capsys.readouterr().err
    panel = open_panel(out)
    assert {one.source for one in panel.key.conditions} == {"lossy file", "concealer repeat_fade"}
    with Session.open(out, "Ann") as session:
        play_step(session)
        session.answer({})
        take(session, 3)
    assert run("panel", "status", out, "--verify", "--csv", tmp_path / "s.csv") == 0
    (row,) = rows_of(tmp_path / "s.csv")
    assert (row["listener"], row["done"], row["trials"], row["state"]) == ("Ann", "1", "8", "waiting")
    assert 0 <= float(row["median s"]) < 60


def test_a_method_that_is_not_known_leaves_no_file_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("panel", "new", tmp_path / "p.toml", "--method", "nope") == 2
    assert "method 'nope': there is no such method" in capsys.readouterr().err
    assert not (tmp_path / "p.toml").exists()
    assert run("panel", "new", tmp_path / "p.toml", "--method", "acr") == 0
    before = (tmp_path / "p.toml").read_bytes()
    assert run("panel", "new", tmp_path / "p.toml", "--method", "ab") == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "p.toml").read_bytes() == before


@pytest.mark.parametrize("concealer", ["../evil.py", "/tmp/evil.py", "evil.py", "nothing_like_this"])
def test_a_panel_loads_no_code_from_its_own_folder(
    concealer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clips(tmp_path / "clips")
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    text = toml("acr") + f'[[condition]]\nname = "e"\nconcealer = "{concealer}"\n'
    (tmp_path / "p.toml").write_text(text)
    assert run("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out") == 2
    assert concealer in capsys.readouterr().err
    assert not (tmp_path / "owned").exists()


def test_a_panel_starts_no_program_unless_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_clips(tmp_path / "clips")
    text = toml("acr") + '[[condition]]\nname = "e"\nconcealer = "external_command"\n'
    text += f'parameters = {{command = "touch {tmp_path / "owned"}"}}\n'
    (tmp_path / "p.toml").write_text(text)
    assert run("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out") == 2
    assert "--allow-programs" in capsys.readouterr().err
    assert not (tmp_path / "owned").exists()


def test_a_text_that_a_plugin_of_the_users_may_run_is_asked_about_too(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clips(tmp_path / "clips")
    (home / "plugins").mkdir(parents=True)
    (home / "plugins" / "tooled.py").write_text(
        "import numpy as np\nimport os\n"
        "def conceal(lossy, lost, rate, packet_frames, *, tool: str = '', word: str = ''):\n"
        "    os.system(tool)\n    return np.asarray(lossy)\n"
    )
    words = ("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out")
    text = toml("acr", NO_STEPS) + '[[condition]]\nname = "e"\nconcealer = "tooled"\n'
    (tmp_path / "p.toml").write_text(f'{text}parameters = {{tool = "touch {tmp_path / "owned"}"}}\n')
    assert run(*words) == 2
    said = capsys.readouterr().err
    assert f"use the text 'touch {tmp_path / 'owned'}' as tool" in said
    assert "--allow-programs" in said
    assert not (tmp_path / "owned").exists()
    (tmp_path / "p.toml").write_text(f'{text}parameters = {{word = "soft"}}\n')
    assert run(*words) == 0


def test_an_error_names_file_line_and_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.toml").write_text(toml("acr").replace('"acr"', '"arc"'))
    assert run("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out") == 2
    assert "p.toml: line 2, method" in capsys.readouterr().err
    assert run("panel", "status", tmp_path) == 2


def test_the_bundled_demo_makes_a_panel(tmp_path: Path) -> None:
    text = toml("mushra", '[mushra]\nanchors = ["anchor35", "anchor70", "lossy"]\n', ()).replace(
        '"clips"', f'"{(ROOT / "resources/demo").as_posix()}"'
    )
    text += '[[condition]]\nname = "g711"\nconcealer = "g711_appendix1"\n'
    (tmp_path / "p.toml").write_text(text)
    words = ("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out")
    assert run(*words) == 2
    assert run(*words, "--allow", ROOT / "resources") == 0
    panel = open_panel(tmp_path / "out")
    panel.verify()
    assert {len(one.conditions) for one in plan(panel.key, "a")} == {6}


def test_two_real_clips_make_an_acr_panel_and_are_rated_to_the_end(tmp_path: Path, real_clips: Path) -> None:
    folder = real_clips / "challenge2022"
    text = toml("acr", "", ("tPLCnet",)).replace('["clips"]', f'["{folder}"]\nnames = ["54", "2307"]')
    text += '[[condition]]\nname = "zero fill"\nlossy = true\n'
    (tmp_path / "p.toml").write_text(text)
    assert run("panel", "build", tmp_path / "p.toml", "--out", tmp_path / "out", "--allow", folder) == 0
    with Session.open(tmp_path / "out", "Ann") as session:
        play_step(session)
        session.answer({})
        assert take(session) == 4
    (path,) = (tmp_path / "out/ratings").glob("*.csv")
    assert {row["condition"] for row in rows_of(path)} == {""}
    assert run("panel", "unseal", tmp_path / "out") == 0
    rows = rows_of(path)
    assert sorted((row["clip"], row["condition"]) for row in rows) == [
        ("2307", "tPLCnet"),
        ("2307", "zero fill"),
        ("54", "tPLCnet"),
        ("54", "zero fill"),
    ]


def test_run_hands_panel_listener_and_ratings_folder_to_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, seen = ModuleType("gaplisten.ui.panel"), []

    def run_panel(
        folder: Path, listener: str | None, *, ratings: Path | None = None, setup: dict[str, str]
    ) -> int:
        seen.append((folder, listener, ratings, setup))
        return 0

    window.run_panel = run_panel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gaplisten.ui.panel", window)
    room = ("--level", "73 dB SPL", "--headphones", "HD 650")
    assert run("panel", "run", tmp_path, "--listener", "Ann", "--ratings", tmp_path / "r", *room) == 0
    assert seen == [(tmp_path, "Ann", tmp_path / "r", {"level": "73 dB SPL", "headphones": "HD 650"})]


def test_without_qt_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gaplisten.ui.panel", None)
    assert run("panel", "run", tmp_path) == 2
    assert "needs a window" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "results"])
def test_a_wrong_ratings_folder_is_no_panel_without_ratings(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = make_panel(tmp_path, top="ratings_per_condition = 2")
    assert run("panel", command, panel.folder, "--ratings", tmp_path / "mistyped") == 2
    assert "there is no such ratings folder" in capsys.readouterr().err


@pytest.mark.parametrize("parameter", ["command", "cmd", "program", "executable", "script", "shell"])
def test_a_panel_sets_no_program_of_a_plugin_of_the_users_own_either(parameter: str) -> None:
    taken = Parameter(parameter, "str")
    entry = Entry("mine", "mine", "whole_file", (taken,), (), None, None, None, "", Path("mine.py"), "d")
    renderer = CatalogueRenderer(Catalogue((entry,)))
    with pytest.raises(NotForPanels, match=f"its parameter '{parameter}' starts a program"):
        renderer.describe("mine", {parameter: "reboot"})


def test_plan_votes_and_withdraw_do_what_they_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = make_panel(tmp_path, top="ratings_per_condition = 2\nvotes_per_clip = 1")
    definition = toml("acr", NO_STEPS, top="ratings_per_condition = 2\nvotes_per_clip = 3")
    (tmp_path / "p.toml").write_text(definition)
    assert run("panel", "plan", tmp_path / "p.toml") == 0
    said = capsys.readouterr().out
    assert "votes in a cell: 3 (8 cells); wanted 3: 0 have fewer, 0 more" in said
    assert "6 listeners are needed" in said
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    assert run("panel", "status", panel.folder, "--design") == 0
    assert "votes in a cell: 1 (8 cells); wanted 1: 0 have fewer, 0 more" in capsys.readouterr().out
    assert run("panel", "votes", panel.folder, "--csv", tmp_path / "v.csv") == 0
    assert "8 votes of 2 listeners" in capsys.readouterr().out
    assert run("panel", "withdraw", panel.folder, "Ann", "--why", "wished so") == 0
    assert "Ann withdrew" in capsys.readouterr().out
    assert run("panel", "results", panel.folder) == 0
    assert "(wished so): 4 votes are out" in capsys.readouterr().out


def test_minutes_are_planned_with_the_time_that_trials_took_in_a_pilot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = make_panel(tmp_path, top="ratings_per_condition = 2")
    (tmp_path / "p.toml").write_text(toml("acr", NO_STEPS, top="ratings_per_condition = 2"))
    plan_by_pilot = ("panel", "plan", tmp_path / "p.toml", "--timed", pilot.folder)
    assert run(*plan_by_pilot) == 2
    assert "nobody has voted there yet" in capsys.readouterr().err
    with Session.open(pilot.folder, "Ann") as session:
        take(session)
    monkeypatch.setattr("gaplisten.panel.watch._median_seconds", lambda rows, trials: 90.0)
    assert run(*plan_by_pilot) == 0
    (trials,) = (line for line in capsys.readouterr().out.splitlines() if "trials of a listener" in line)
    assert "4, about 6 minutes (90.0 s a trial, as measured) with practice" in trials
    assert run("panel", "status", pilot.folder) == 0
    assert "takes about 6 minutes (90.0 s a trial, as measured); 1 minute had been" in capsys.readouterr().out
    (tmp_path / "p.toml").write_text(toml("dcr", NO_STEPS, top="ratings_per_condition = 2"))
    assert run(*plan_by_pilot) == 2
    assert "its method is acr, not dcr" in capsys.readouterr().err


def test_a_panel_of_clips_in_which_something_does_not_fit_is_built_only_when_that_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clips(tmp_path / "clips", 2, frames=16_000)
    trace = tmp_path / "clips" / "lossy_signals" / "c1_is_lost.txt"
    trace.write_text(trace.read_text().translate(str.maketrans("01", "10")))
    file, out = tmp_path / "p.toml", tmp_path / "panel"
    file.write_text(toml("acr", NO_STEPS))
    assert run("panel", "build", file, "--out", out) == 1
    said = capsys.readouterr().err
    assert "does not fit: c1: " in said
    assert "c0" not in said
    assert "go on with --accept" in said
    assert not out.exists()
    assert run("panel", "build", file, "--out", out, "--accept") == 0
    assert "c1: does not fit: " in capsys.readouterr().out
    notes = {clip.name: clip.notes for clip in open_panel(out).key.clips}
    assert any(note.startswith("does not fit: ") for note in notes["c1"])
    assert not any("does not fit" in note for note in notes["c0"])
