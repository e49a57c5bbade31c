import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaplisten.bench.notes import TAGS
from gaplisten.bench.state import (
    Choice,
    ClipWork,
    GapChoices,
    Loop,
    LossEdit,
    Note,
    RoleChoice,
    Seen,
    Sources,
    Work,
)
from gaplisten.bench.store import (
    OutsidePaths,
    StoreError,
    from_toml,
    read_work,
    remember_saved,
    to_toml,
    write_work,
)
from kit.disk import full

words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
names = words.filter(bool)
frames = st.integers(0, 10**12)
values = (
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | words
)
stretches = st.tuples(frames, st.integers(1, 10**6)).map(lambda pair: (pair[0], sum(pair)))
notes = st.builds(Note, frames, st.sampled_from(TAGS), words, words, st.none() | stretches)
loops = stretches.map(lambda pair: Loop(*pair))


@st.composite
def edits(draw):
    edges = sorted(draw(st.sets(st.integers(0, 500), max_size=12)))
    runs = tuple(zip(edges[0::2], edges[1::2], strict=False))
    off = draw(st.none() | st.tuples(st.integers(500, 10**9), st.integers(1, 10**6)))
    return LossEdit(500, draw(st.floats(0.5, 1000.0)), runs, draw(words), 0, *(off or (None, None)))


clips = st.builds(ClipWork, st.none() | edits(), st.none() | loops, st.lists(notes, max_size=3).map(tuple))
choices = st.builds(
    Choice, names, st.dictionaries(names, values, max_size=3).map(lambda d: tuple(sorted(d.items())))
)
works = st.builds(
    lambda current, chosen, order, done: _work(current, chosen, order, done),
    st.none() | names,
    st.lists(choices, max_size=3).map(tuple),
    st.lists(words, max_size=3).map(tuple),
    st.dictionaries(names, clips, max_size=3),
)


def _work(current, chosen, order, done):
    work = Work(current=current, choices=chosen, order=order)
    for name, clip in done.items():
        work = work.with_clip(name, clip)
    return work


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(works)
def test_whatever_is_kept_comes_back(work):
    path = Path("/somewhere/x.gaplisten.toml")
    assert from_toml(to_toml(work, path.parent), path) == work


@pytest.fixture
def work(tmp_path):
    (tmp_path / "clips").mkdir()
    sources = Sources(
        (tmp_path / "clips",),
        (RoleChoice(tmp_path / "clips" / "a.wav", "condition", "A"),),
        tmp_path / "clips" / "clean",
        10.0,
    )
    return Work(sources, "2307", (Choice("repeat_fade", (("hold", 5.0),)),)).with_clip(
        "2307", ClipWork(LossEdit(500, 10.0, ((3, 5),)), Loop(100, 9000), (Note(1, "click", "x"),))
    )


def test_a_file_moved_with_its_clips_still_finds_them(tmp_path, work):
    write_work(tmp_path / "w.gaplisten.toml", work)
    text = (tmp_path / "w.gaplisten.toml").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "clips").rename(moved / "clips")
    (tmp_path / "w.gaplisten.toml").rename(moved / "w.gaplisten.toml")
    again = read_work(moved / "w.gaplisten.toml")
    assert again.sources.paths == (moved / "clips",)
    assert again.clip("2307") == work.clip("2307")


def test_a_file_of_the_first_version_opens_and_is_written_again_but_for_the_number_of_a_note_s_gap():
    path = Path(__file__).parent / "kept" / "first-version.gaplisten.toml"
    work = read_work(path)
    assert work.gaps == GapChoices()
    assert work.clip("2307").delays == (("condition:A", -12), ("repeat_fade", 80))
    # The number was that of another gap as soon as a loss before it was edited.
    assert to_toml(work, path.parent).encode() == path.read_bytes().replace(b"gap = 3\n", b"")


def test_how_gaps_are_judged_is_kept_where_it_is_not_as_usual(tmp_path):
    chosen = GapChoices(("lsd", "buzz"), {"lsd": 20.0}, "buzz", True)
    path = tmp_path / "w.toml"
    write_work(path, Work(gaps=chosen))
    assert read_work(path).gaps == chosen
    write_work(path, Work(gaps=GapChoices(worst="lsd")))
    assert '[gaps]\nworst = "lsd"' in path.read_text(encoding="utf-8").replace("\n\n", "\n")
    assert "shown" not in path.read_text(encoding="utf-8")


def test_how_the_work_was_looked_at_is_kept_and_is_no_edit(tmp_path, work):
    path, seen = (
        tmp_path / "w.toml",
        Seen(
            *("repeat_fade", 900, 100, 2000, "overlay", "spectrogram"),
            heights=(("lossy", 96.5), ("reference", 44.0)),
            collapsed=("repeat_fade",),
            hidden=("condition:a b",),
        ),
    )
    write_work(path, replace(work, seen=seen))
    again = read_work(path)
    assert again.seen == seen
    assert replace(again, seen=None) == again


def test_the_table_of_the_clips_is_kept_beside_them_and_asked_about_elsewhere(tmp_path):
    inside, outside = tmp_path / "work" / "meta.csv", tmp_path / "meta.csv"
    path = inside.with_name("a.gaplisten.toml")
    path.parent.mkdir()
    write_work(path, Work(clip_table=inside))
    assert 'clip_table = "meta.csv"' in path.read_text()
    assert read_work(path).clip_table == inside
    write_work(path, Work(clip_table=outside))
    with pytest.raises(OutsidePaths, match=r"meta\.csv"):
        read_work(path)


def test_the_file_is_readable(tmp_path, work):
    path = tmp_path / "w.toml"
    write_work(path, work)
    text = path.read_text(encoding="utf-8")
    for line in ('gaplisten = "workbench"', "version = 1", 'name = "repeat_fade"', "lost = [[3, 5]]"):
        assert line in text
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["w.toml"]


@pytest.mark.parametrize("place", ["../elsewhere", "/etc", "clips/../../x"])
def test_paths_that_leave_the_folder_are_asked_about(tmp_path, place):
    path = tmp_path / "w.toml"
    path.write_text(f'gaplisten = "workbench"\nversion = 1\n[sources]\npaths = ["{place}"]\n')
    with pytest.raises(OutsidePaths) as caught:
        read_work(path)
    assert len(caught.value.paths) == 1
    assert read_work(path, may_open=True).sources.paths == caught.value.paths
    caught.value.remember()
    assert read_work(path).sources.paths == caught.value.paths  # asked about once
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(OutsidePaths):
        read_work(path)
    (tmp_path / "other").mkdir()
    same = tmp_path / "other" / "w.toml"
    same.write_text(path.read_text().removesuffix("# changed\n"))
    if not Path(place).is_absolute():
        with pytest.raises(OutsidePaths):  # the same words, but of other files
            read_work(same)


def test_what_was_saved_here_opens_what_it_names_without_a_question_until_somebody_changes_it(tmp_path):
    path = tmp_path / "work" / "w.toml"
    path.parent.mkdir()
    work = Work(Sources((tmp_path / "clips",), packet_ms=20.0))
    remember_saved(path, work, write_work(path, work))
    assert read_work(path).sources == work.sources
    path.write_text(path.read_text().replace("clips", "secrets"))
    with pytest.raises(OutsidePaths, match="secrets"):
        read_work(path)


def test_a_link_that_leads_out_of_the_folder_is_asked_about(tmp_path):
    inside = tmp_path / "work"
    inside.mkdir()
    (inside / "clips").symlink_to(tmp_path)
    path = inside / "w.toml"
    path.write_text('gaplisten = "workbench"\nversion = 1\n[sources]\npaths = ["clips"]\n')
    with pytest.raises(OutsidePaths):
        read_work(path)


HEAD = 'gaplisten = "workbench"\nversion = 1\n'


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("gaplisten = = 1", "line 1"),
        ("x = 1", "not a workbench file"),
        ('gaplisten = "workbench"\nversion = 99', "version 99"),
        (HEAD + "surprise = 1", "surprise"),
        (HEAD + "[clips.a]\nloop = [5, 5]", "ends before it starts"),
        (HEAD + "[clips.a]\nloop = [5, -1]", "clips.a.loop.1"),
        (HEAD + "[clips.a.loss]\npackets = 10\npacket_ms = 20\nlost = [[3, 20]]", "beyond the end"),
        (HEAD + "[clips.a.loss]\npackets = 10\npacket_ms = 20\nlost = [[5, 6], [1, 2]]", "out of order"),
        (HEAD + "[clips.a.loss]\npackets = 9999999999\npacket_ms = 20", "packets"),
        (HEAD + '[[clips.a.notes]]\nframe = 1\ntag = "nonsense"', "tag"),
        (HEAD + '[[concealers]]\nname = "x"\nparameters = {a = [1]}', "parameters"),
        (HEAD + '[sources]\npaths = ["a\\u0000b"]', "NUL"),
        (HEAD + "[sources]\npacket_ms = nan", "packet_ms"),
        (HEAD + '[[clips.a.notes]]\nframe = 1\ntag = "click"\ngap = [9, 9]', "ends before it starts"),
        (HEAD + '[seen]\nversion = "a"\nposition = 1\nstart = 9\nstop = 9', "stops before it starts"),
        (HEAD + f'[seen]\nversion = "a"\nposition = {2**53 + 1}\nstart = 1\nstop = 9', "position"),
        (HEAD + '[seen]\nversion = "a"\nposition = -1\nstart = 1\nstop = 9', "position"),
        (HEAD + 'gaps.shown = ["beauty"]', "'beauty' is not a measure"),
        (HEAD + 'gaps.worst = "beauty"', "'beauty' is not a measure"),
        (HEAD + "gaps.thresholds.gap_snr = 3", "never flags"),
        (HEAD + "gaps.thresholds.lsd = inf", "gaps.thresholds.lsd"),
    ],
)
def test_nonsense_is_refused_with_its_place(tmp_path, text, fact):
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        read_work(path)
    assert str(path) in str(caught.value)
    assert fact in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""])
def test_what_is_no_text_or_empty_is_refused(tmp_path, content):
    path = tmp_path / "w.toml"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        read_work(path)


def test_a_missing_file_or_folder_is_an_error_in_words(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_work(tmp_path / "none.toml")
    with pytest.raises(StoreError, match="cannot be written"):
        write_work(tmp_path / "none" / "w.toml", Work())


def test_a_name_that_is_no_text_is_refused_in_words_and_the_file_stays_as_it_was(tmp_path, work):
    path = tmp_path / "w.toml"
    write_work(path, work)
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        write_work(path, replace(work, current="d\udcff"))
    assert r'a name is no text, and TOML holds text only (current = "d\udcff")' in str(caught.value)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path, work, monkeypatch):
    path = tmp_path / "w.toml"
    write_work(path, work)
    before = path.read_bytes()

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match="the disk is full"):
        write_work(path, Work())
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    "text",
    ["x = " + "1" * 5000, "x = " + "[" * 100_000, "x = " + "{a=" * 50_000],
    ids=["digits", "lists", "tables"],
)
def test_numbers_and_tables_that_python_gives_up_on_are_no_valid_toml(tmp_path, text):
    path = tmp_path / "w.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(StoreError, match="not valid TOML"):
        read_work(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.toml")
    with pytest.raises(StoreError, match="no regular file"):
        read_work(tmp_path / "w.toml")


def test_how_a_folder_is_taken_and_what_was_settled_is_kept(tmp_path: Path) -> None:
    from gaplisten.clips.arrangement import Layout, PacketLength, Part
    from gaplisten.clips.names import Role

    parts = (
        Part("clean/{clip}", Role.REFERENCE, why="as chosen"),
        Part("t/{clip}", Role.TRACE, why="as chosen", trace_inverted=True, trace_shift=-37),
    )
    sources = Sources(
        (tmp_path / "set",), packet_frames=512, layout=Layout(parts, packet=PacketLength(frames=160))
    )
    settled = ClipWork(accepted=True, reference=tmp_path / "set/clean/2.wav")
    work = Work(sources=sources, clips={"1": settled})
    file = tmp_path / "w.gaplisten.toml"
    write_work(file, work)
    again = read_work(file)
    assert again.sources == sources
    assert again.clips["1"] == settled
    outside = replace(work, clips={"1": ClipWork(reference=tmp_path.parent / "x.wav")})
    write_work(file, outside)
    with pytest.raises(OutsidePaths):
        read_work(file)
