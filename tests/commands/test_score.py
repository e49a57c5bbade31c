"""`gaplisten score` as a user meets it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gaplisten.exchange.service_settings import PLCMOS
from kit import command
from kit.challenge import challenge_set
from kit.tables import rows_of

DEMO_METRICS = ["--metric", "lsd", "--metric", "sdr"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = challenge_set(tmp_path_factory.mktemp("set"), 3, seconds=0.8)
    (root / "mine").mkdir()
    for path in (root / "clean").glob("*.wav"):
        shutil.copy(path, root / "mine" / path.name)
    return root


def run(*words: object) -> int:
    return command.run("score", *words, "--jobs", 1)


def test_the_published_scores_are_printed(real_clips: Path, capsys: pytest.CaptureFixture[str]):
    files = sorted((real_clips / "plc_challenge_examples").glob("*.wav"))
    assert run(*files, "--metric", "plcmos") == 0
    printed = dict(re.findall(r"^(\w+) +plcmos +([\d.]+)", capsys.readouterr().out, re.MULTILINE))
    assert {name: float(value) for name, value in printed.items()} == pytest.approx(
        {"clean": 4.497762, "plc_good": 4.123963, "plc_poor": 2.740757}, abs=0.001
    )


def test_a_folder_becomes_a_tidy_table_and_a_summary(clips: Path, tmp_path: Path, capsys):
    scores, summary = tmp_path / "scores.csv", tmp_path / "summary.csv"
    status = run(clips, "--metric", "lsd", "--csv", scores, "--summary", summary)
    assert status == 0
    rows = rows_of(scores)
    assert [(row["clip"], row["condition"], row["metric"]) for row in rows][:2] == [
        ("0", "lossy", "lsd"),
        ("0", "mine", "lsd"),
    ]
    assert float(rows[0]["value"]) > 1
    assert rows[1]["value"] == "0.0"
    means = {(row["condition"], row["stratum"]): row for row in rows_of(summary)}
    assert means["lossy", "all"]["clips"] == "3"
    assert means["lossy", "<=120 ms"]["clips"] == "2"
    low, mean, high = (float(means["lossy", "all"][name]) for name in ("ci_low", "mean", "ci_high"))
    assert low < mean < high
    assert "6 rows written" in capsys.readouterr().out


def test_without_a_usable_cache_it_scores_and_says_that_nothing_is_kept(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path))
    (tmp_path / "cache").write_text("a file in its place")
    assert run(clips, "--metric", "lsd", "--csv", tmp_path / "scores.csv") == 0
    said = capsys.readouterr().err
    assert said.count("note: what is computed now is not kept for later: ") == 1
    assert str(tmp_path / "cache" / "scores.jsonl") in said
    assert len(rows_of(tmp_path / "scores.csv")) == 6


def test_what_has_no_value_is_named_and_the_status_tells(clips: Path, capsys):
    assert run(clips / "mine", *DEMO_METRICS, "--reference-folder", clips / "clean") == 1
    told = capsys.readouterr().err
    assert told.count("failed: ") == 3
    assert "sdr: equal to the reference (infinite)" in told
    assert "Traceback" not in told


def test_known_scores_are_told_and_force_computes_them_again(clips: Path, capsys):
    for words, told in [((), False), ((), True), (("--force",), False)]:
        run(clips, "--metric", "lsd", *words)
        assert ("6 of 6 scores were known" in capsys.readouterr().out) is told


def test_conditions_are_compared(clips: Path, capsys):
    run(clips, "--metric", "lsd", "--compare")
    printed = capsys.readouterr().out
    for title in ("distributions", "paired differences", "worst first"):
        assert f"Log-spectral distance: {title}" in printed
    worst = printed.split("worst first")[1]
    assert (
        re.search(r"^\d +lossy", worst, re.MULTILINE).start() < re.search(r"^\d +mine", worst, re.M).start()
    )


def test_predictions_are_held_against_ratings(clips: Path, tmp_path: Path, capsys):
    ratings = tmp_path / "ratings.csv"
    lines = [f"{clip},{name},{vote}" for clip in range(3) for name, vote in [("lossy", 2), ("mine", 5)]]
    ratings.write_text("\n".join(["clip,condition,rating", *lines]))
    run(clips, "--metric", "lsd", "--ratings", ratings)
    printed = capsys.readouterr().out
    assert "predicted against heard" in printed
    pearson = re.search(r"^lsd +clip +6 +(-0\.74\d*)", printed, re.MULTILINE)
    assert pearson, printed


def test_a_bad_ratings_table_is_told_before_the_work(clips: Path, tmp_path: Path, capsys):
    assert run(clips, "--metric", "lsd", "--ratings", tmp_path / "none.csv") == 2
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gone.wav"], "gone.wav: there is no such file"),
        (["{clips}", "--metric", "pescq"], "did you mean pesq"),
        (["{clips}", "--cluster", "nonsense"], "nonsense: is no scheduler's address"),
        (["{clips}", "--metric", "plcmos_service"], "no service is set up"),
        ([], "name at least one file"),
    ],
)
def test_wrong_usage_ends_with_status_2(
    clips: Path, words: list[str], told: str, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(PLCMOS.token_variable, "x")
    assert run(*(word.format(clips=clips) for word in words)) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_the_list_tells_what_each_metric_needs(capsys):
    assert run("--list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "16000" in lines["plcmos"]
    assert "1 .. 5" in lines["plcmos"]
    assert "reference" in lines["pesq"]
    assert "loss trace" in lines["gap_flagged"]
    assert "plcmos_service" in lines


def test_word_accuracy_names_texts_and_recogniser_and_leaves_out_what_is_excluded(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pytest.importorskip("pocketsphinx")
    names = sorted(path.stem for path in (clips / "mine").glob("*.wav"))
    lines = [f"{name},some words that nobody said,{name == names[0]}" for name in names]
    (tmp_path / "words.csv").write_text("\n".join(["id,transcription,exclude", *lines]))
    scores, summary = tmp_path / "scores.csv", tmp_path / "summary.csv"
    words = ["--metric", "wacc_pocketsphinx", "--transcripts", tmp_path / "words.csv"]
    assert run(clips / "mine", *words, "--csv", scores, "--summary", summary) == 1
    left_out, *rows = rows_of(scores)
    assert "left out of word accuracy by words.csv" in left_out["reason"]
    for row in rows:
        errors = sum(float(row[name]) for name in ("substitutions", "deletions", "insertions"))
        assert float(row["value"]) == pytest.approx(1 - errors / 5)
        assert (row["words"], row["transcript"]) == ("5.0", "some words that nobody said")
        assert "PocketSphinx" in row["recogniser"]
    (total,) = rows_of(summary)
    assert (total["words"], total["no_value"]) == (str(5 * len(rows)), "1")
    capsys.readouterr()
    assert run(clips / "mine", *words, "--csv", scores) == 1
    assert f"{len(rows)} of {len(rows) + 1} scores were known already" in capsys.readouterr().out
    (tmp_path / "words.csv").write_text("id,transcription\n" + "\n".join(f"{name},others" for name in names))
    assert run(clips / "mine", *words, "--csv", scores) == 0
    assert {row["words"] for row in rows_of(scores)} == {"1.0"}


def test_columns_of_the_clips_metadata_stand_in_the_tidy_table(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text("name,room,sex,value\n0,small,f,7\n")
    words = ["--reference-folder", clips / "clean", "--metric", "lsd", "--metadata", tmp_path / "meta.csv"]
    assert run(clips / "mine", *words, "--csv", tmp_path / "s.csv") == 0
    rows = rows_of(tmp_path / "s.csv")
    assert {(row["clip"], row["clip:room"], row["clip:value"]) for row in rows} >= {("0", "small", "7")}
    assert all(row["clip:sex"] == "" for row in rows if row["clip"] != "0")
    assert all(row["value"] != "7" for row in rows)  # ours is not theirs
    assert run(clips / "mine", *words) == 2  # nothing would come of it


def test_a_column_of_the_clips_metadata_parts_the_means(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    names = sorted(path.stem for path in (clips / "mine").glob("*.wav"))
    lines = [f"3,{name}.wav,{'quiet' if at else 'noisy'}" for at, name in enumerate(names[:-1])]
    (tmp_path / "meta.csv").write_text("\n".join(["nr,file,room", *lines]))
    words = ["--reference-folder", clips / "clean", "--metric", "lsd", "--metadata", tmp_path / "meta.csv"]
    assert run(clips / "mine", *words, "--strata", "room", "--csv", tmp_path / "s.csv") == 0
    found = {row["clip"]: row["stratum"] for row in rows_of(tmp_path / "s.csv")}
    assert [found[name] for name in names] == ["room noisy", *["room quiet"] * (len(names) - 2), "not told"]
    assert run(clips / "mine", *words, "--strata", "none") == 2
    assert "has no column 'none'; there are 'nr', 'room'" in capsys.readouterr().err
    assert run(clips / "mine", *words) == 2
