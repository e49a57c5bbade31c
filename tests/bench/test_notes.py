import csv
import io
import xml.etree.ElementTree as ET

from gaplisten.bench.notes import (
    audacity_labels,
    matching,
    notes_table,
    sonic_visualiser_csv,
    sonic_visualiser_layer,
    write_labels,
    write_notes_csv,
)
from gaplisten.bench.state import Note
from gaplisten.tables import to_csv

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
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert rows[0]["text"] == "'=cmd()"
    assert rows[0]["seconds"] == ""
    assert to_csv(notes_table({}, {}, 20.0)).count("\n") == 1


def test_audacity_labels_are_start_end_label_with_tabs_and_no_others():
    lines = audacity_labels(NOTES, 16000).splitlines()
    assert lines[1].split("\t") == ["1.000000", "1.000000", "click: at the exit [repeat_fade]"]
    assert lines[0].split("\t") == ["0.500000", "0.500000", 'wrong word: says "no" not "now"']


def test_sonic_visualiser_csv_quotes_labels():
    rows = list(csv.reader(io.StringIO(sonic_visualiser_csv(NOTES, 16000))))
    assert rows[0] == ["0.500000", 'wrong word: says "no" not "now"']


def test_the_sonic_visualiser_layer_is_xml_with_a_point_per_note():
    tree = ET.fromstring(sonic_visualiser_layer(NOTES, 16000, 'a "b" & c').split("\n", 2)[2])
    points = tree.findall("./data/dataset/point")
    assert [(p.get("frame"), p.get("label")) for p in points] == [
        ("8000", 'wrong word: says "no" not "now"'),
        ("16000", "click: at the exit [repeat_fade]"),
    ]
    model, layer = tree.find("./data/model"), tree.find("./display/layer")
    assert model.get("sampleRate") == "16000"
    assert model.get("id") == layer.get("model")
    assert layer.get("type") == "timeinstants"


def test_label_files_are_written_whole(tmp_path):
    path = tmp_path / "x.txt"
    write_labels(path, NOTES, 16000, "audacity")
    assert path.read_text(encoding="utf-8") == audacity_labels(NOTES, 16000)
    assert list(tmp_path.iterdir()) == [path]
