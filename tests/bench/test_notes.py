import pytest

from gaplisten.bench.notes import matching, notes_table, numbered
from gaplisten.bench.state import Note
from gaplisten.tables import to_csv, write_csv
from kit.tables import rows_of

NOTES = (
    Note(16000, "click", "at the exit", "repeat_fade", (16320, 16640)),
    Note(8000, "wrong word", 'says "no"\tnot "now"', "", None),
)


SPANS = [(5000 + 640 * k, 5320 + 640 * k) for k in range(17)] + [(16320, 16640)]


def _number(note):
    return numbered(note, SPANS)


def test_search_finds_all_words_in_any_field():
    assert matching(NOTES, "click #18", _number) == [NOTES[0]]
    assert matching(NOTES, "NOW") == [NOTES[1]]
    assert matching(NOTES, "repeat says") == []
    assert matching(NOTES, "") == list(NOTES)
    assert matching(NOTES, "with fade", _number, {"repeat_fade": "Repeat with fade"}) == [NOTES[0]]


def test_the_table_has_one_row_per_note_in_order_of_time():
    number, names = (lambda _clip, note: _number(note)), {"repeat_fade": "Repeat with fade"}
    table = notes_table({"54": NOTES}, {"54": 16000}, 20.0, number, names)
    assert [row[:6] for row in table.rows] == [
        ("54", 0.5, 8000, 25, None, ""),
        ("54", 1.0, 16000, 50, 18, "Repeat with fade"),
    ]


@pytest.mark.parametrize(
    ("note", "spans", "number"),
    [
        (Note(900, "click", gap=(1000, 1200)), [(1000, 1200)], 1),
        (Note(900, "click", gap=(1000, 1200)), [(0, 100), (1000, 1200)], 2),
        (Note(900, "click", gap=(1000, 1200)), [(0, 950), (960, 1010)], 2),
        (Note(900, "click", gap=(1000, 1200)), [(0, 950)], None),
        (Note(900, "click"), [(0, 100), (850, 950)], 2),
        (Note(900, "click"), [(0, 100)], None),
        (Note(900, "own", length=400), [(0, 100), (850, 950), (1000, 1300)], 3),
    ],
)
def test_the_number_of_a_note_s_gap_follows_from_the_losses_as_they_are(note, spans, number):
    assert numbered(note, spans) == number


def test_csv_is_safe_to_open_in_a_spreadsheet(tmp_path):
    path = tmp_path / "notes.csv"
    write_csv(path, notes_table({"54": (Note(1, "own", "=cmd()"),)}, {}, 20.0))
    rows = rows_of(path)
    assert rows[0]["text"] == "'=cmd()"
    assert rows[0]["seconds"] == ""
    assert to_csv(notes_table({}, {}, 20.0)).count("\n") == 1
