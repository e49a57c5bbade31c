"""Which condition is better: differences over listeners and clips, counted, corrected and put into words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaplisten.panel.methods import method
from gaplisten.panel.parts import ResultsPart
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.evaluation import Results, evaluate_votes
from gaplisten.panel.results.report import (
    all_contrasts_table,
    conditions_table,
    contrasts_table,
    summary,
    tidy_table,
)
from gaplisten.panel.results.verdict import verdicts
from gaplisten.panel.results.votes import Collected
from gaplisten.panel.statistics.contrast import Contrast, Unit
from gaplisten.panel.statistics.crossed import Model, Speaks, crossed
from gaplisten.report.panel_figure import results_figure
from gaplisten.tables import Table, column
from kit.planted import Planted, heard, ratings


def results(votes: list[Rating], name: str = "acr", **more: object) -> Results:
    asked = ResultsPart(**more.pop("asked", {}))  # type: ignore[arg-type]
    return evaluate_votes(Collected(tuple(votes)), method(name), asked=asked, **more)  # type: ignore[arg-type]


def planted(seed: int = 1, listeners: int = 16, clips: int = 12, difference: float = 0.4) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return Planted(difference, 0.1).votes(draw, 1, listeners, clips)[0]


def only(votes: list[Rating], name: str = "acr", **more: object) -> Contrast:
    (found,) = results(votes, name, **more).contrasts
    return found


def pair(listener: str, clip: str, score: float, trial: int = 1, of: tuple[str, str] = ("x", "y")) -> Rating:
    return Rating(listener, "test", clip, "", of[0], of[1], "condition", trial, score)


def test_a_contrast_is_the_crossed_mean_of_the_differences_in_each_cell() -> None:
    votes = planted()
    found = only(ratings(votes))
    judged = crossed(votes[..., 1] - votes[..., 0], 1 / 6)
    assert judged is not None
    assert (found.condition, found.against) == ("B", "A")
    assert (found.mean, found.low, found.high) == pytest.approx((judged.mean, *judged.interval()))  # type: ignore[misc]
    assert found.p == pytest.approx(judged.p_value())
    own = (votes[..., 1] - votes[..., 0]).mean(1)
    assert (found.listeners.higher, found.listeners.lower) == (int((own > 0).sum()), int((own < 0).sum()))
    assert (found.listeners.of, found.clips.of, found.votes) == (16, 12, 16 * 12 * 2)
    assert found.these_clips is not None
    assert found.these_clips.low is not None
    assert found.these_clips.low > found.low  # type: ignore[operator]  # it speaks about less


def test_every_pair_is_compared_and_corrected_by_holm_or_each_with_a_named_one() -> None:
    votes = np.concatenate([planted(2), planted(3, difference=0)], axis=2)
    found = results(ratings(votes, ("A", "B", "C", "D"))).contrasts
    assert [(one.condition, one.against) for one in found] == [
        ("B", "A"), ("C", "A"), ("D", "A"), ("C", "B"), ("D", "B"), ("D", "C"),
    ]  # fmt: skip
    smallest = min(found, key=lambda one: one.p or 1)
    assert smallest.p_holm == pytest.approx(6 * (smallest.p or 1))
    assert {one.comparisons for one in found} == {6}
    named = results(ratings(votes, ("A", "B", "C", "D")), asked={"against": "C"}).contrasts
    assert [one.condition for one in named] == ["A", "B", "D"]
    assert {one.against for one in named} == {"C"}


def test_strata_are_compared_each_for_itself_and_corrected_together() -> None:
    votes = [
        Rating(**{**{name: getattr(one, name) for name in Rating.__slots__}, "stratum": stratum})
        for one in ratings(planted())
        for stratum in ["<=120 ms" if int(one.clip[1:]) < 6 else "120-320 ms"]
    ]
    found = results(votes)
    assert [one.stratum for one in found.contrast_strata] == ["<=120 ms", "120-320 ms"]
    assert [one.clips.of for one in found.contrast_strata] == [6, 6]
    assert {one.comparisons for one in found.contrast_strata} == {2}
    assert column(all_contrasts_table(found), "stratum") == ["all", "<=120 ms", "120-320 ms"]


def test_drop_outs_take_the_mixed_model_and_say_which_votes_had_no_partner() -> None:
    votes = planted()
    votes[0, 5:] = np.nan
    votes[1, 3, 0] = np.nan
    found = only(ratings(votes))
    assert (found.over.model, found.lone) == (Model.MIXED, 1)
    assert "mixed model" in str(column(contrasts_table(results(ratings(votes))), "found by"))


def test_conditions_heard_on_different_clips_are_compared_with_all_votes() -> None:
    draw = np.random.default_rng(7)
    votes = Planted(0.5).votes(draw, 1, 40, 60)[0]
    votes[~heard(draw, 40, 60, 10, same=False, left=0)] = np.nan
    found = only(ratings(votes), order=["A", "B"])
    assert (found.over.model, found.lone, found.votes) == (Model.MIXED, 0, 800)
    assert found.low is not None
    assert found.low < 0.5 < found.high  # type: ignore[operator]


def test_talkers_stand_in_the_place_of_clips_where_results_are_for_other_talkers() -> None:
    votes = [
        Rating(**{**{n: getattr(one, n) for n in Rating.__slots__}, "talker": f"t{int(one.clip[1:]) % 4}"})
        for one in ratings(planted())
    ]
    found = only(votes, asked={"generalise": "talkers"})
    assert (found.over.speaks, found.over.clips) == (Speaks.TALKERS, 4)
    assert found.clips.of == 12
    unknown = results(ratings(planted()), asked={"generalise": "talkers"})
    assert any("nobody said who talks in 12 of 12 clips" in said for said in unknown.problems)
    assert unknown.contrasts[0].over.speaks is Speaks.BOTH


def test_talkers_are_those_of_the_votes_that_are_compared_whoever_was_left_out_and_in_each_stratum() -> None:
    def of(votes: list[Rating]) -> list[Rating]:
        return [
            replace(one, talker=f"t{int(one.clip[1:]) // 3}", stratum="a" if one.clip < "c003" else "b")
            for one in votes
        ]

    draw = planted(listeners=6)
    draw[0], draw[1:, 9:] = 3.0, np.nan  # who is left out is the only one to hear the last talker
    asked = {"generalise": "talkers"}
    found = results(of(ratings(draw)), asked=asked)
    assert [one.name for one in found.excluded] == ["l000"]
    assert (found.contrasts[0].over.clips, found.everybody[0].over.clips) == (3, 4)
    # Of one talker nothing can be said about others.
    assert [one.over.speaks for one in found.contrast_strata] == [Speaks.BOTH, Speaks.TALKERS]
    alone = results(of(ratings(planted(listeners=1))), asked=asked)
    assert alone.contrasts[0].over.speaks is Speaks.TALKERS_ALONE
    assert "over 4 talkers and this listener only" in verdicts(alone)[0]
    titles = [plot.title for row in results_figure(alone).rows for plot in row]
    assert titles[1] == "n = 1 listener, 4 talkers; 95 % over talkers, this listener only"


def test_a_verdict_names_the_better_one_first_with_all_that_it_rests_on() -> None:
    up, down = planted(), planted()[..., ::-1]
    (said,) = verdicts(results(ratings(up)))
    assert said.startswith("B is better than A: +0.")
    assert "points (MOS), over 16 listeners and 12 clips, p " in said
    assert said.endswith(" of 16 listeners, " + said.split(", ")[-1])
    turned = verdicts(results(ratings(down)))[0]
    assert turned == said.replace("B is better than A", "A is better than B")
    german = verdicts(results(ratings(up, ("v1.2", "v1.3")), language="de"))[0]
    assert german.startswith("v1.3 ist besser als v1.2: +0,")
    assert "16 Hörende und 12 Clips" in german


def test_an_end_of_an_interval_that_is_next_to_nil_has_no_sign() -> None:
    found = results(ratings(planted()))
    near = replace(found.contrasts[0], low=-2.0, high=-0.001, p=0.05, p_holm=0.15)
    (said,) = verdicts(found, [near])
    assert "[-2.00, 0.00]" in said


def test_no_difference_is_said_with_what_is_unlikely_and_too_little_with_nothing() -> None:
    (said,) = verdicts(results(ratings(planted(5, 24, 24, 0.0))))
    assert said.startswith("No difference between B and A was shown")
    assert "differences above 0." in said
    (few,) = verdicts(results(ratings(planted(5, 2, 2, 0.0))))
    assert "cannot be told from 8 votes" in few
    (two,) = verdicts(results(ratings(planted(5, 1, 1, 0.0))))
    assert two == "Whether B or A is better cannot be told from 2 votes"
    (alone,) = verdicts(results(ratings(planted(5, 1, 12, 1.5))))
    assert "over 12 clips and this listener only" in alone


def test_votes_that_are_all_alike_have_no_interval_of_zero_width_in_any_table() -> None:
    def ends(table: Table) -> list[tuple[object, object]]:
        pairs = [(name, name.replace("low", "high")) for name in table.columns if name.endswith("low")]
        return [
            both for low, high in pairs for both in zip(column(table, low), column(table, high), strict=True)
        ]

    alike = [5.0, 1.0]
    rated = results(ratings(np.broadcast_to(alike, (4, 4, 2))))
    chosen = results([pair(f"l{who}", f"c{at}", 1.0, at) for who in range(5) for at in range(5)], "ab")
    ranked = ratings(np.broadcast_to([0.0, 0.5, 1.0], (4, 4, 3)), ("A", "B", "C"))
    places = results([replace(one, trial=one.trial // 3) for one in ranked], "ranking")
    for found in (rated, chosen, places):
        tables = [tidy_table(found), contrasts_table(found), conditions_table(found)]
        for table in [*tables, *(one.table for one in found.statistics)]:
            for low, high in ends(table):
                assert (low is None and high is None) or low < high  # type: ignore[operator]
    said = next(one for one in summary(chosen) if "these clips" in one)
    assert "share 1.000 in each of them, so Student's t tells nothing" in said


def test_three_who_always_pressed_b_are_no_certainty() -> None:
    votes = [pair(who, f"c{at}", (-1.0) ** at, at) for who in "abc" for at in range(18)]
    found = only(votes, "ab")
    assert (found.unit, found.mean) == (Unit.SHARE, 0.5)
    assert found.low is not None
    assert found.high is not None
    assert 0.2 < found.low < 0.45 < 0.55 < found.high < 0.8
    assert "No preference between x and y was shown: 50 %" in verdicts(results(votes, "ab"))[0]


def test_the_pooled_binomial_is_no_verdict_on_a_preference() -> None:
    # Two of four clips are better in x to everybody, two in y but to fewer: 52 of 72 votes.
    scores = [1.0, 1.0, 1.0, -1.0]
    votes = [pair(f"l{who}", f"c{at}", score) for who in range(18) for at, score in enumerate(scores)]
    found = results(votes, "ab")
    assert found.pairs[0].outcome.p_value < 0.001
    assert found.contrasts[0].p is not None
    assert found.contrasts[0].p > 0.05


def test_one_listener_of_abx_is_judged_by_the_exact_test_of_all_trials() -> None:
    votes = [pair("a", f"c{at % 4}", float(at != 0), at) for at in range(16)]
    found = only(votes, "abx")
    assert found.p == pytest.approx(17 / 65536)
    assert found.over.speaks is Speaks.TRIALS
    (said,) = verdicts(results(votes, "abx"))
    assert "x and y are told apart: 94 % right" in said
    assert "over 16 trials of this listener only" in said


def test_fewer_right_answers_than_guessing_gives_are_told_as_such_and_bound_nothing() -> None:
    votes = [pair(f"l{who}", f"c{at}", 0.0, at) for who in range(5) for at in range(5)]
    (said,) = verdicts(results(votes, "abx"))
    assert said.startswith("x and y are told apart less often than by guessing: 0 % right [0, 14]")
    assert "at most" not in said


def test_where_intervals_and_corrected_probabilities_part_it_is_said_why() -> None:
    votes = np.concatenate([planted(seed, 8, 6, difference=0.0) for seed in (2, 3, 4)], axis=2)
    found = results(ratings(votes, ("A", "B", "C", "D", "E", "F")))
    parted = [one for one in found.contrasts if not one.sure and one.low * one.high > 0]  # type: ignore[operator]
    assert parted
    assert sum("an interval that lies on one side only" in said for said in summary(found)) == 1
    clear = results(ratings(planted()))
    assert not any("lies on one side only" in said for said in summary(clear))


def test_what_stands_beside_a_german_verdict_is_german_too() -> None:
    votes = planted(listeners=6)
    votes[0] = 3.0
    said = summary(results(ratings(votes), language="de"))
    assert "5 von 6 Hörenden zählen" in said
    assert any(one.startswith("ausgeschlossen: l000 (") for one in said)
    chosen = [pair(f"l{who}", f"c{at}", float((who + at) % 3 > 0), at) for who in range(3) for at in range(4)]
    assert any(
        "3 Hörende, nur diese Clips: mittlerer Anteil 0,6" in one
        for one in summary(results(chosen, "abx", language="de"))
    )
    mushra = results(ratings(60 + 10 * planted()), "mushra", language="de")
    assert "Punkte (MUSHRA-Wert)" in verdicts(mushra)[0]


def test_what_was_not_heard_is_bounded() -> None:
    draw = np.random.default_rng(3)
    votes = [
        pair(f"l{who}", f"c{at}", float(draw.random() < 0.5), at) for who in range(20) for at in range(16)
    ]
    found = results(votes, "abx")
    (said,) = verdicts(found)
    share = found.contrasts[0].share
    assert share is not None
    assert f"heard in at most {100 * (2 * share.upper(0.05) - 1):.0f} % of the trials" in said


def test_a_comparison_with_the_reference_is_one_with_nil() -> None:
    draw = np.random.default_rng(2)
    votes = [
        Rating(
            f"l{who}", "test", f"c{at}", "", "x", "reference", "condition", at, -1.0 + draw.integers(-1, 2)
        )
        for who in range(12)
        for at in range(8)
    ]
    found = only(votes, "ccr")
    assert (found.condition, found.against) == ("x", "reference")
    assert verdicts(results(votes, "ccr"))[0].startswith("reference is better than x: +")


def test_three_scales_are_one_family() -> None:
    votes = [
        Rating(**{**{n: getattr(one, n) for n in Rating.__slots__}, "scale": scale})
        for scale in ("signal", "background", "overall")
        for one in ratings(planted())
    ]
    found = results(votes, "p835").contrasts
    assert [one.scale for one in found] == ["signal", "background", "overall"]
    assert found[0].p_holm == pytest.approx(3 * (found[0].p or 1))


def test_with_somebody_left_out_the_result_with_everybody_stands_beside() -> None:
    votes = ratings(planted()) + [
        Rating("line", "test", f"c{at:03}", "", name, "", "condition", at, 3.0)
        for at in range(12)
        for name in "AB"
    ]
    found = results(votes)
    assert [one.name for one in found.excluded] == ["line"]
    assert (found.contrasts[0].listeners.of, found.everybody[0].listeners.of) == (16, 17)
    said = [one for one in summary(found) if one.startswith("with everybody: ")]
    assert len(said) == 1
    assert "over 17 listeners" in said[0]
    german = summary(results(votes, language="de"))
    assert any(one.startswith("mit allen: B ist besser als A") for one in german)
    assert not results(ratings(planted())).everybody


def test_only_the_panels_own_conditions_are_compared_not_its_anchors() -> None:
    votes = ratings(planted()) + [
        Rating("l000", "test", f"c{at:03}", "", "anchor35", "", "anchor", at, 1.0) for at in range(12)
    ]
    found = results(votes, order=["A", "B"])
    assert [(one.condition, one.against) for one in found.contrasts] == [("B", "A")]
    assert "anchor35" in column(conditions_table(found), "condition")


def test_every_interval_says_what_it_speaks_about() -> None:
    found = results(ratings(planted()))
    for table in (conditions_table(found), contrasts_table(found)):
        assert set(column(table, "interval over")) == {"listeners and clips"}
    alone = results(ratings(planted(1, 1, 12)))
    assert set(column(contrasts_table(alone), "interval over")) == {"clips, this listener only"}


def test_one_tidy_table_holds_means_and_comparisons() -> None:
    found = results([replace(one, stratum="<=120 ms") for one in ratings(planted())])
    table = tidy_table(found)
    assert column(table, "statistic") == ["MOS", "MOS", "MOS", "MOS", "difference", "difference"]
    assert column(table, "condition") == ["A", "B", "A", "B", "B", "B"]
    for mean, rows in ((found.conditions[0].mean.mean, 0), (found.contrasts[0].mean, 4)):
        assert column(table, "value")[rows] == pytest.approx(mean, abs=1e-4)
    assert set(column(table, "interval_over")) == {"listeners and clips"}
    assert {len(row) for row in table.rows} == {len(table.columns)}
    chosen = [pair(f"l{who}", f"c{at}", 1.0, at) for who in range(4) for at in range(4)]
    pairs = results([replace(one, stratum="<=120 ms") for one in chosen], "ab")
    assert column(tidy_table(pairs), "statistic") == ["share", "share"]


def test_places_of_which_nobody_knows_the_trial_are_compared_all_the_same() -> None:
    ranked = ratings(np.broadcast_to([0.0, 0.5, 1.0], (4, 4, 3)), ("A", "B", "C"))
    found = results(ranked, "ranking")
    assert [one.name for one in found.statistics if one.name in ("plackett-luce", "friedman")] == ["friedman"]
    assert verdicts(found)[0].startswith("B is better than A")


def test_only_one_listener_s_right_answers_are_judged_by_the_test_of_all_trials() -> None:
    def speaks(listeners: str, name: str) -> Speaks:
        draw = np.random.default_rng(3)
        low = -1.0 if name == "ab" else 0.0
        votes = [
            pair(who, f"c{at % 4}", 1.0 if draw.random() < 0.7 else low, at)
            for who in listeners
            for at in range(16)
        ]
        return only(votes, name).over.speaks

    assert speaks("a", "abx") is Speaks.TRIALS
    assert speaks("abcd", "abx") is not Speaks.TRIALS
    assert speaks("a", "ab") is not Speaks.TRIALS
    assert speaks("abcd", "ab") is not Speaks.TRIALS
