"""Votes written for the P.808 Toolkit's parser: what it wants to find, and that nothing of them is lost."""

from __future__ import annotations

import configparser
import csv
import os
import re
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from gaplisten.exchange.outgoing import ExportError
from gaplisten.exchange.tools.p808 import UPLOAD, export_input
from gaplisten.exchange.tools.p808_answers import ANSWERS, SETTINGS, Answers, export_answers
from gaplisten.exchange.votes import import_votes
from gaplisten.exchange.votes.contract import Options, read_key
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.imported import Source, open_imported, write_imported
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.votes import collect
from gaplisten.panel.results.votes import tests as votes_of_the_test
from gaplisten.panel.session import Session
from kit.panels import NO_STEPS, make_panel, take
from kit.tables import rows_of

TOOLKIT, PYTHON = os.environ.get("GAPLISTEN_P808"), os.environ.get("GAPLISTEN_P808_PYTHON", "python3")


def taken(folder: Path, method: str, listeners: Mapping[str, int | None]) -> FrozenPanel:
    """A panel that each listener took so many trials of."""
    panel = make_panel(folder, method, NO_STEPS, clips=2)
    for name, trials in listeners.items():
        with Session.open(panel.folder, name) as session:
            take(session, trials)
    return panel


def cells(votes: list[Rating]) -> dict[tuple[str, str, str], list[float]]:
    """Return the scores by clip, condition and scale."""
    made: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for one in votes:
        made[one.clip, one.condition, one.scale].append(one.score)
    return {what: sorted(scores) for what, scores in made.items()}


def exported(panel: Source, out: Path) -> Answers:
    return export_answers(panel, out)


def test_every_session_has_as_many_questions_and_short_ones_are_filled_with_the_trap(tmp_path: Path) -> None:
    panel = taken(tmp_path, "acr", {"Ann": None, "Bob": 2})
    exported(panel, tmp_path / "out")
    rows = rows_of(tmp_path / "out" / ANSWERS)
    settings = configparser.ConfigParser()
    settings.read(tmp_path / "out" / SETTINGS)
    questions = int(settings["general"]["number_of_questions_in_rating"])
    rated = []
    for row in rows:
        addresses = [row[f"Answer.Q{number}_URL"] for number in range(1, questions + 1)]
        assert all(addresses)
        assert row["Input.gold_clips"] in addresses
        rated.append([one for one in addresses if one not in (row["Input.TP"], row["Input.gold_clips"])])
    assert sorted(map(len, rated)) == [2, questions - 2]
    assert f"Answer.Q{questions + 1}_URL" not in rows[0]
    for dropping in ("rater_min_irr", "outlier_removal"):
        assert dropping not in settings["accept_and_use"]


def test_the_votes_in_the_file_are_the_panels_under_opaque_names_and_pseudonyms(tmp_path: Path) -> None:
    panel = taken(tmp_path, "ccr", {"Ann": None, "Bob": None})
    made = exported(panel, tmp_path / "out")
    text = (tmp_path / "out" / ANSWERS).read_text(encoding="utf-8")
    assert not re.search(r"Ann|Bob|\bone\b|\btwo\b|\bc0\b", text)
    key = read_key("key.csv", (tmp_path / "out" / "key.csv").read_bytes())
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows_of(tmp_path / "out" / ANSWERS):
        for column, address in row.items():
            stem = address.rsplit("/", 1)[-1].removesuffix(".wav")
            if column.endswith("_URL") and stem in key:
                score = float(row[f"Answer.q{column[8:-4]}"])
                found[key[stem].clip, key[stem].condition, ""].append(score)
    votes = votes_of_the_test(collect(panel).votes)
    assert {what: sorted(scores) for what, scores in found.items()} == cells(votes)
    assert made.votes == len(votes)


def test_one_listener_becomes_two_sessions_since_the_parser_says_nothing_of_one(tmp_path: Path) -> None:
    panel = taken(tmp_path, "acr", {"Ann": None})
    assert exported(panel, tmp_path / "out").sessions == 2
    assert len({row["WorkerId"] for row in rows_of(tmp_path / "out" / ANSWERS)}) == 1


def test_scores_that_the_parser_would_cut_are_refused(tmp_path: Path) -> None:
    lines = "listener,clip,condition,score\nL1,a,x,3.5\nL1,a,y,4\nL2,a,x,2\nL2,a,y,4\n"
    found = import_votes({"t.csv": lines.encode()}, Options(method="acr"))
    write_imported(tmp_path / "votes", found, "T", {"t.csv": lines.encode()})
    with pytest.raises(ExportError, match=r"3\.5"):
        exported(open_imported(tmp_path / "votes"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_method_that_the_toolkit_lacks_is_refused_with_those_it_has(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "ab", clips=2)
    with pytest.raises(ExportError, match="acr, dcr, ccr, p835, p804"):
        exported(panel, tmp_path / "out")


CHECKS = "[checks]\nlevel = false\nclear_good = 1\nclear_bad = 1\nspoken_traps = 1\n"
ADDRESS = "https://clips.example.org/t1"


def listed(tmp_path: Path, method: str) -> tuple[FrozenPanel, Path]:
    panel = make_panel(tmp_path, method, NO_STEPS if method in ("dcr", "ccr") else CHECKS, clips=2)
    export_input(panel, tmp_path / "out", ADDRESS)
    return panel, tmp_path / "out"


@pytest.mark.parametrize("method", ["ccr", "p804"])
def test_lists_for_the_toolkit_name_uploaded_files_only_and_no_clip_or_condition(
    tmp_path: Path, method: str
) -> None:
    panel, out = listed(tmp_path, method)
    uploaded = {f"{ADDRESS}/{path.name}" for path in (out / UPLOAD).iterdir()}
    named: set[str] = set()
    for path in out.glob("*.csv"):
        if path.name == "key.csv":
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bone\b|\btwo\b|\bc0\b|reference\b", text)
        named |= set(re.findall(r"https://[^,\r\n]+", text))
    assert named == uploaded
    rated = rows_of(out / "clips.csv")
    key = read_key("key.csv", (out / "key.csv").read_bytes())
    meant = [key[row["rating_clips"].rsplit("/", 1)[-1].removesuffix(".wav")] for row in rated]
    wanted = {name for name in panel.definition.design.conditions if name != "reference" or method != "ccr"}
    assert sorted((one.clip, one.condition) for one in meant) == sorted(
        (clip, name) for clip in ("c0", "c1") for name in wanted
    )


def test_gold_and_trapping_clips_are_the_panels_checks_with_their_answers(tmp_path: Path) -> None:
    panel, out = listed(tmp_path, "p804")
    golds = rows_of(out / "gold_clips.csv")
    assert [row["ver"] for row in golds] == ["1", "2"]
    # Which of them is which says nothing: sounds of a panel lie in the order of names that mean nothing.
    assert sorted((row["ovrl_ans"], row["disc_ans"]) for row in golds) == [("1", ""), ("5", "")]
    (trap,) = rows_of(out / "trapping_clips.csv")
    (built,) = [one for one in panel.key.stimuli if one.use == "trap"]
    assert int(trap["trapping_ans"]) == built.expected
    rated = {row["rating_clips"] for row in rows_of(out / "clips.csv")}
    assert not rated & {trap["trapping_clips"], *(row["gold_url"] for row in golds)}


def test_a_panel_without_gold_or_trap_is_refused_with_the_way_to_them(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", NO_STEPS, clips=2)
    with pytest.raises(ExportError, match="spoken_traps"):
        export_input(panel, tmp_path / "out", ADDRESS)
    with pytest.raises(ExportError, match="https"):
        export_input(panel, tmp_path / "out", "http://x.org/a,b")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
@pytest.mark.skipif(not TOOLKIT, reason="GAPLISTEN_P808 names no checkout of the P.808 Toolkit")
@pytest.mark.parametrize("method", ["acr", "dcr", "ccr", "p835", "p804"])
def test_the_toolkits_parser_finds_the_same_votes_and_means(tmp_path: Path, method: str) -> None:
    panel = taken(tmp_path, method, {"Ann": None, "Bob": 3, "Cem": None})
    out = tmp_path / "out"
    made = exported(panel, out)
    words = ["--cfg", SETTINGS, "--method", made.method, "--answers", ANSWERS, "--quantity_bonus", "all"]
    parser = Path(str(TOOLKIT)) / "src" / "result_parser.py"
    done = subprocess.run([PYTHON, parser, *words], cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    votes = votes_of_the_test(collect(panel).votes)
    # Its means of conditions ...
    numbers = {row["condition"]: row["name"][-3:] for row in rows_of(out / "key.csv")}
    theirs = {
        (row["condition_num"], name): float(value)
        for path in out.glob("answers_votes_per_cond*.csv")
        for row in rows_of(path)
        for name, value in row.items()
        if "MOS" in name and "condition_num" in row
    }
    scales = {"noisiness": "NOISE", "loudness": "LOUD", "discontinuity": "DISC", "coloration": "COL"}
    scales |= {"reverberation": "REVERB", "signal": "SIG", "background": "BAK", "overall": "OVRL"}
    usual = {"dcr": "DMOS", "ccr": "CMOS"}.get(method, "MOS")
    ours: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in votes:
        ours[numbers[one.condition], f"MOS_{scales[one.scale]}" if one.scale else usual].append(one.score)
    assert theirs.keys() == ours.keys()
    for what, scores in ours.items():
        assert theirs[what] == pytest.approx(statistics.fmean(scores), abs=1e-9)
    # ... and every vote, read back.
    table = out / "answers_all_votes_per_clip.csv"
    key = read_key("key.csv", (out / "key.csv").read_bytes())
    back = import_votes({table.name: table.read_bytes()}, Options(key=key))
    read = open_imported(write_imported(tmp_path / "back", back, "T", {}).folder)
    assert cells(list(collect(read).votes)) == cells(votes)


@pytest.mark.long
@pytest.mark.skipif(not TOOLKIT, reason="GAPLISTEN_P808 names no checkout of the P.808 Toolkit")
@pytest.mark.parametrize("method", ["acr", "dcr", "ccr", "p835", "p804"])
def test_the_toolkits_create_input_makes_a_batch_of_the_lists(tmp_path: Path, method: str) -> None:
    _, out = listed(tmp_path, method)
    source = Path(str(TOOLKIT)) / "src"
    tables = [rows_of(out / "clips.csv"), rows_of(source / "assets_master_script" / "general.csv")]
    if method in ("dcr", "ccr"):
        tables.append([{"trapping_clips": row["references"]} for row in tables[0]])
    else:
        tables += [rows_of(out / "gold_clips.csv"), rows_of(out / "trapping_clips.csv")]
    if method == "p804":  # as its master script hides the answers of gold clips
        tables[2] = [
            {f"gold_{name}" if name.endswith("_ans") else name: cell for name, cell in row.items()}
            for row in tables[2]
        ]
    longest = max(map(len, tables))
    merged = [
        {name: cell for table in tables for name, cell in (table[at] if at < len(table) else {}).items()}
        for at in range(longest)
    ]
    with (out / "row.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in merged for name in row)))
        writer.writeheader()
        writer.writerows(merged)
    golds = 2 if method == "p804" else 1
    (out / "c.cfg").write_text(
        "[general]\nnumber_of_clips_per_session: 3\nnumber_of_trapping_per_session: 1\n"
        f"number_of_gold_clips_per_session: {golds}\n"
    )
    words = ["--row_input", "row.csv", "--cfg", "c.cfg", "--method", method]
    command = [PYTHON, source / "create_input.py", *words]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (batch,) = out.glob("*_publish_batch.csv")
    asked = {cell for row in rows_of(batch) for name, cell in row.items() if re.fullmatch(r"Q\d+(_P)?", name)}
    assert asked == {row["rating_clips"] for row in tables[0]}
