"""Orders drawn as sessions begin: kept before the first trial, read on resuming, never taken twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gaplisten.panel import drawn
from gaplisten.panel.beginning import IDLE_SECONDS, Crowded, begun_sessions, filling_of
from gaplisten.panel.drawn import PLANS, PlanLost, read_drawn
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.session_names import session_name
from gaplisten.panel.unseal import OtherPlan
from gaplisten.panel.watch import panel_status
from kit.panels import make_panel, take

PART = "ratings_per_condition = 2"


@dataclass
class Hours:
    """A wall clock that a test sets."""

    now: float = 1_790_000_000.0
    ticks: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now)


def plans(panel: FrozenPanel) -> list[Path]:
    return sorted((panel.ratings / PLANS).glob("*.plan"))


def clips_of(panel: FrozenPanel, session: Session) -> set[str]:
    found = read_drawn(panel.key, panel.ratings, session.name)
    assert found is not None
    return {item.clip for item in found.items}


def test_the_order_is_on_the_disk_before_the_first_trial_and_resuming_reads_it(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top=PART)
    with Session.open(panel.folder, "Ann") as session:
        (path,) = plans(panel)
        assert not list(panel.ratings.glob("*.csv"))
        take(session, 1)
        trial = session.trial
    with Session.open(panel.folder, "Ben") as other:
        take(other)
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial == trial
        take(session)
    assert path in plans(panel)
    assert evaluate(panel).problems == ()


def test_whoever_comes_next_takes_what_nobody_has(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top=PART)
    with Session.open(panel.folder, "Ann") as ann, Session.open(panel.folder, "Ben") as ben:
        assert not clips_of(panel, ann) & clips_of(panel, ben)
        take(ann)
        take(ben)
    filling = filling_of(begun_sessions(panel, panel.ratings), 0.0)
    assert set(filling.votes.values()) == {1}
    assert len(filling.votes) == 8


def test_an_open_session_counts_as_full_until_it_was_idle_for_an_hour(tmp_path: Path) -> None:
    panel, hours = make_panel(tmp_path, top=PART), Hours()
    with Session.open(panel.folder, "Ann", clock=hours.clock) as ann:
        take(ann, 1)
        hours.now += IDLE_SECONDS - 60
        filling = filling_of(begun_sessions(panel, panel.ratings), hours.now)
        assert (filling.votes.total(), 1 < sum(filling.hoped.values()) < 4) == (4, True)
        with Session.open(panel.folder, "Ben", clock=hours.clock) as ben:
            assert not clips_of(panel, ann) & clips_of(panel, ben)
            take(ben)
        hours.now += 120
        filling = filling_of(begun_sessions(panel, panel.ratings), hours.now)
        assert (filling.votes.total(), sum(filling.hoped.values())) == (5, 5)
        with Session.open(panel.folder, "Cleo", clock=hours.clock) as cleo:
            assert clips_of(panel, ann) <= clips_of(panel, cleo)


def test_a_clock_that_was_ahead_keeps_no_cells_closed(tmp_path: Path) -> None:
    panel, hours = make_panel(tmp_path, top=PART), Hours()
    hours.now += 30 * 86_400
    with Session.open(panel.folder, "Ann", clock=hours.clock) as ann:
        take(ann, 1)
        hours.now -= 30 * 86_400
        while_open = filling_of(begun_sessions(panel, panel.ratings), hours.now)
        assert sum(while_open.votes.values()) == len(ann._plan)
    filling = filling_of(begun_sessions(panel, panel.ratings), hours.now)
    assert sum(filling.votes.values()) == 1
    assert filling.seats == set()
    with Session.open(panel.folder, "Ann", clock=hours.clock) as ann:
        assert ann.resumed


def test_an_order_drawn_by_a_clock_that_was_ahead_is_drawn_anew(tmp_path: Path) -> None:
    panel, hours = make_panel(tmp_path, top=PART), Hours()
    hours.now += 86_400
    with Session.open(panel.folder, "Ann", clock=hours.clock):
        pass
    hours.now -= 86_400
    with Session.open(panel.folder, "Ann", clock=hours.clock):
        (one,) = begun_sessions(panel, panel.ratings)
    assert one.drawn.drawn_at == hours.now


def test_an_order_of_which_nothing_was_taken_is_drawn_anew_after_an_hour(tmp_path: Path) -> None:
    panel, hours = make_panel(tmp_path, top=PART), Hours()
    with Session.open(panel.folder, "Ann", clock=hours.clock) as session:
        first = clips_of(panel, session)
    hours.now += IDLE_SECONDS + 1
    with Session.open(panel.folder, "Ben", clock=hours.clock) as session:
        assert clips_of(panel, session)
        take(session)
        taken = clips_of(panel, session)
    with Session.open(panel.folder, "Ann", clock=hours.clock) as session:
        assert not clips_of(panel, session) & taken
        take(session, 1)
        later = clips_of(panel, session)
    hours.now += 10 * IDLE_SECONDS
    with Session.open(panel.folder, "Ann", clock=hours.clock) as session:
        assert clips_of(panel, session) == later
    assert first


def _begin(folder: str, listener: str) -> None:
    for _ in range(20):  # on a machine with much else to do who waits is told to try again
        with contextlib.suppress(Crowded):
            return Session.open(Path(folder), listener).close()
    raise AssertionError("no turn came")


def test_starts_at_once_never_take_the_same(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, clips=8, top=PART)
    # Unlike a pool of multiprocessing's own, this one tells when its processes cannot even begin.
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_begin, [str(panel.folder)] * 4, [f"listener {at}" for at in range(4)]))
    items = [item for one in begun_sessions(panel, panel.ratings) for item in one.drawn.items]
    cells = Counter((item.clip, item.system) for item in items)
    assert len(plans(panel)) == 4
    assert set(cells.values()) == {1}
    assert len({one.drawn.seat for one in begun_sessions(panel, panel.ratings)}) == 4


def test_a_seat_that_was_given_up_is_taken_again(tmp_path: Path) -> None:
    panel, hours = make_panel(tmp_path), Hours()
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name, clock=hours.clock) as session:
            take(session, 1 if name == "Ann" else None)
    hours.now += IDLE_SECONDS + 1
    with Session.open(panel.folder, "Cleo", clock=hours.clock):
        pass
    seats = {one.drawn.listener: one.drawn.seat for one in begun_sessions(panel, panel.ratings)}
    assert seats == {"Ann": 0, "Ben": 1, "Cleo": 0}


def test_a_listener_of_the_list_who_has_not_begun_is_not_finished(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top='listeners = ["Ann", "Ben"]')
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    assert {one.listener: one.finished for one in panel_status(panel)} == {"Ann": True, "Ben": False}


def test_listed_listeners_have_their_places_on_every_machine(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top='listeners = ["Ann", "Ben", "Cleo"]')
    shutil.copytree(panel.folder, tmp_path / "copy")
    copy = open_panel(tmp_path / "copy")
    for one, name in ((copy, "Cleo"), (panel, "Ben")):
        Session.open(one.folder, name).close()
    shutil.copytree(copy.ratings, panel.ratings, dirs_exist_ok=True)
    seats = {one.drawn.listener: one.drawn.seat for one in begun_sessions(panel, panel.ratings)}
    assert seats == {"Ben": 1, "Cleo": 2}


def test_without_its_order_a_session_is_neither_gone_on_with_nor_begun_anew(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
    (path,), (csv,) = plans(panel), panel.ratings.glob("*.csv")
    kept, before = path.read_bytes(), csv.read_bytes()
    path.unlink()
    with pytest.raises(OtherPlan, match="order that the session drew is gone"):
        Session.open(panel.folder, "Ann")
    assert csv.read_bytes() == before
    assert not plans(panel)
    (status,) = panel_status(panel)
    assert "order that the session drew is gone" in status.problem
    assert "order that the session drew is gone" in evaluate(panel).notes[0]
    path.write_bytes(kept[:-3])
    with pytest.raises(PlanLost, match="damaged"):
        Session.open(panel.folder, "Ann")
    path.write_bytes(kept)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
        assert session.finished


def test_a_complete_session_says_itself_what_was_heard(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    before = evaluate(panel)
    (path,) = plans(panel)
    path.unlink()
    after = evaluate(panel)
    assert after.conditions == before.conditions
    assert "what was heard is taken from the file itself" in after.notes[0]


def test_an_order_of_another_session_is_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session, 1)
    one, other = plans(panel)
    other.write_bytes(one.read_bytes())
    with pytest.raises(PlanLost):
        Session.open(panel.folder, "Ben")


def test_the_order_on_disk_tells_nothing_without_the_key(tmp_path: Path) -> None:
    import zlib

    panel = make_panel(tmp_path)
    Session.open(panel.folder, "Ann").close()
    (path,) = plans(panel)
    data = path.read_bytes()
    with pytest.raises(zlib.error):
        zlib.decompress(data[8:])
    assert not any(one.code.encode() in data for one in panel.key.stimuli)


def test_two_orders_of_one_session_cannot_be_held_against_each_other(tmp_path: Path) -> None:
    """An order of which nothing was taken is drawn anew; its file may be in a backup."""
    hours = Hours()
    panel = make_panel(tmp_path, "abx", "[abx]\ntrials = 16\n[checks]\nlevel = false\n")
    kept = []
    for _ in range(2):
        Session.open(panel.folder, "Ann", clock=hours.clock).close()
        (path,) = plans(panel)
        kept.append(path.read_bytes())
        hours.now += IDLE_SECONDS + 1
    Session.open(panel.folder, "Ben").close()
    kept.append((panel.ratings / PLANS / f"{session_name(panel, 'Ben')}.plan").read_bytes())
    assert len({len(one) for one in kept}) == 1  # nor does its length tell anything
    first, second = kept[0][8:], kept[1][8:]
    agree = sum(a == b for a, b in zip(first, second, strict=True))
    assert agree < len(first) / 64  # one in 256 by chance; equal streams agree where both were padded


def test_an_order_that_an_earlier_version_wrote_is_gone_on_with(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
        trial = session.trial
    (path,) = plans(panel)
    packed = drawn._unmasked(path.read_bytes(), panel.key, session.name)
    text = zlib.decompressobj().decompress(packed)
    masked = drawn.mask(zlib.compress(text, 9), panel.key, session.name)
    path.write_bytes(b"GLPLAN1\n" + masked)
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial == trial
        take(session)
    path.write_bytes(b"GLPLAN1\n" + masked[:-3])
    with pytest.raises(PlanLost, match="damaged"):
        read_drawn(panel.key, panel.ratings, session.name)
