"""A panel written for webMUSHRA: what anybody can fetch tells nothing, and results come back as they were."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from gaplisten.exchange.outgoing import ExportError
from gaplisten.exchange.tools.webmushra import SERVED, export_webmushra
from gaplisten.exchange.votes import import_votes
from gaplisten.exchange.votes.contract import Options, read_key
from kit.panels import NO_STEPS, SHORT, make_panel
from kit.tables import rows_of

LOSSY_ANCHOR = NO_STEPS + SHORT["mushra"]


def exported(tmp_path: Path, method: str, extra: str = NO_STEPS) -> tuple[Path, dict[str, Any]]:
    made = export_webmushra(make_panel(tmp_path, method, extra, clips=2), tmp_path / "out")
    text = (tmp_path / "out" / SERVED / "configs" / f"{made.name}.yaml").read_text(encoding="utf-8")
    return tmp_path / "out", yaml.safe_load(text)


def key_of(out: Path) -> list[dict[str, str]]:
    return rows_of(out / "key.csv")


@pytest.mark.parametrize(("method", "extra"), [("mushra", LOSSY_ANCHOR), ("acr", NO_STEPS)])
def test_what_is_served_names_no_clip_and_no_condition(tmp_path: Path, method: str, extra: str) -> None:
    out, config = exported(tmp_path, method, extra)
    served = str(config) + " ".join(map(str, (out / SERVED).rglob("*")))[len(str(out)) :]
    for row in key_of(out):
        if row["condition"] and row["condition"] != "reference":
            assert not re.search(rf"\b{re.escape(row['condition'])}\b", served)
        assert not re.search(rf"\b{row['clip']}\b", served)
        assert re.fullmatch(r"[a-z][0-9a-f]{12}", row["name"])
    assert not (out / SERVED / "key.csv").exists()


def test_a_mushra_page_holds_all_but_the_reference_and_its_sounds_are_equal_in_form(tmp_path: Path) -> None:
    out, config = exported(tmp_path, "mushra", LOSSY_ANCHOR)
    order, *pages = config["pages"][0]
    assert order == "random"
    assert len(pages) == 2
    meant = {row["name"]: row for row in key_of(out)}
    for page in pages:
        assert (page["createAnchor35"], page["createAnchor70"], page["strict"]) == (False, False, True)
        assert {meant[name]["condition"] for name in page["stimuli"]} == {"one", "two", "lossy_anchor"}
        files = [out / SERVED / path for path in (page["reference"], *page["stimuli"].values())]
        forms = {
            (one.samplerate, one.channels, one.frames, one.subtype) for one in map(soundfile.info, files)
        }
        assert len(forms) == 1
        assert forms.pop()[0::3] == (48_000, "PCM_24")
        assert len({one.stat().st_size for one in files}) == 1


def test_sounds_are_the_panels_with_its_gain_in_them(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=1)
    out = tmp_path / "out"
    export_webmushra(panel, out)
    for row in key_of(out):
        if row["role"] == "page":
            continue
        samples, _ = soundfile.read(out / SERVED / row["file"], always_2d=True)
        frozen = panel.read(panel.key.code(row["clip"], row["condition"])).samples[:, 0]
        assert np.array_equal(samples[:, 0], samples[:, 1])
        gain = 10 ** (float(row["gain_db"]) / 20)
        assert np.std(samples[:, 0]) == pytest.approx(gain * np.std(frozen), rel=0.02)


def test_categories_stand_in_one_element_best_first(tmp_path: Path) -> None:
    _, config = exported(tmp_path, "acr")
    page, finish = config["pages"]
    assert (page["type"], page["mustPlayback"], page["mustRate"]) == ("likert_single_stimulus", "ended", True)
    assert [one["value"] for one in page["response"]] == [5, 4, 3, 2, 1]
    assert len(page["stimuli"]) == 4
    assert (finish["type"], finish["showResults"]) == ("finish", False)


def test_results_come_back_with_their_clips_and_conditions(tmp_path: Path) -> None:
    out, config = exported(tmp_path, "abc_hr")
    heads = (
        "session_test_id,listener,trial_id,rating_reference,rating_non_reference,rating_reference_score,"
        "rating_non_reference_score,rating_time,choice_comment"
    )
    lines, given = [heads], {}
    for page in config["pages"][0][1:]:
        assert page["type"] == "bs1116"
        for at, name in enumerate(page["stimuli"]):
            given[name] = 2.5 + at
            lines.append(f"t,L1,{page['id']},reference,{name},5,{given[name]},9,")
    key = read_key("key.csv", (out / "key.csv").read_bytes())
    found = import_votes({"bs1116.csv": "\n".join(lines).encode()}, Options(key=key))
    told = {(one.clip, one.condition): one.score for one in found.votes if one.role == "condition"}
    assert told == {(key[name].clip, key[name].condition): score for name, score in given.items()}
    assert {clip for clip, _ in told} == {"c0", "c1"}
    assert all(one.stratum for one in found.votes)


@pytest.mark.parametrize("method", ["dcr", "ccr", "ab", "p835", "ranking"])
def test_what_cannot_be_said_there_is_refused_with_the_reason(tmp_path: Path, method: str) -> None:
    panel = make_panel(tmp_path, method, clips=2)
    with pytest.raises(ExportError, match="no page"):
        export_webmushra(panel, tmp_path / "out")
    assert not (tmp_path / "out").exists()
