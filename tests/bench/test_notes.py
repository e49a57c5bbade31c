from gaplisten.bench.notes import matching, notes_table, write_notes_csv
from gaplisten.bench.state import Note
from gaplisten.tables import to_csv
from kit.tables import rows_of

NOTES = (
    Note(16000, "click", "at the exit", "repeat_fade", 17),
    Note(8000, "wrong word", 'says "no"\tnot "now"', "", None),
)


def test_search_finds_all_words_in_any_field():
    assert matching(NOTES, "click #18") == [NOTES[0]]
    assert matching(NOTES, "NOW") == [NOTES[1]]
    assert matching(NOTES, "repeat says") == []
    assert matching(NOTES, "") == list(NOTES)


def test_the_table_has_one_row_per_note_in_order_of_time():
    table = notes_table({"54": NOTES}, {"54": 16000}, 20.0)
    assert [row[:5] for row in table.rows] == [("54", 0.5, 8000, 25, None), ("54", 1.0, 16000, 50, 18)]


def test_csv_is_safe_to_open_in_a_spreadsheet(tmp_path):
    path = tmp_path / "notes.csv"
    write_notes_csv(path, {"54": (Note(1, "own", "=cmd()"),)}, {}, 20.0)
    rows = rows_of(path)
    assert rows[0]["text"] == "'=cmd()"
    assert rows[0]["seconds"] == ""
    assert to_csv(notes_table({}, {}, 20.0)).count("\n") == 1
