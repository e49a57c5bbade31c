"""Figures are laid out without a window and written as SVG and PNG."""

from __future__ import annotations

import base64
import doctest
import io
import itertools
import re
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaplisten.audio.signal import Signal
from gaplisten.report import figure as figures
from gaplisten.report import png
from gaplisten.report.drawing import FigureError, to_pdf, to_png, to_svg, write_figure
from gaplisten.report.figure import (
    COLUMN_MM,
    LOOKS,
    Axis,
    Boxes,
    Figure,
    Line,
    Look,
    Note,
    Plot,
    Points,
    Raster,
    Rule,
    Whiskers,
    look,
)
from gaplisten.report.fonts import broken, shortened, width
from gaplisten.report.layout import lay_out
from gaplisten.report.png import draw
from gaplisten.report.shapes import Group, Pixels, Sheet, Word, hatching
from gaplisten.report.shapes import Path as Stroke
from gaplisten.report.sounds import spectrogram, waveform

SVG = "{http://www.w3.org/2000/svg}"
NAMES = (
    "zero fill",
    "a & b",
    "<script>alert(1)</script>",
    "G.711 Appendix I of the ITU, long name",
    "Ü 日本",
    "\x1b[2J",
)


def forest(names: tuple[str, ...] = NAMES, wide: float = COLUMN_MM) -> Figure:
    means = np.linspace(1.5, 4.5, len(names))
    plot = Plot(
        Axis(1, 5, "MOS"),
        Axis.of_names(names),
        (
            Whiskers(range(len(names)), means - 0.3, means + 0.3, horizontal=True),
            Points(means, range(len(names)), label="mean & interval"),
            Rule(3.0),
        ),
        title="All clips",
    )
    return Figure(((plot,),), 'What "listeners" said', "The interval speaks about these listeners.", wide)


def marks_of(*marks: object, x: Axis | None = None, y: Axis | None = None) -> list[object]:
    plot = Plot(x or Axis(0, 10), y or Axis(0, 1), marks)  # type: ignore[arg-type]
    groups = lay_out(Figure(((plot,),))).groups
    return [shape for group in groups if group.clip is not None for shape in group.shapes]


def words_of(figure: Figure) -> list[Word]:
    groups = lay_out(figure).groups
    return [shape for group in groups for shape in group.shapes if isinstance(shape, Word)]


def test_an_svg_is_xml_whatever_the_names() -> None:
    root = ET.fromstring(to_svg(forest()).encode())
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "a & b" in texts
    assert not list(root.iter(f"{SVG}script"))
    assert "\x1b" not in to_svg(forest())
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == 'What "listeners" said'


def test_the_examples_in_prose_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctest.testmod(figures).failed == 0
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    assert "hybrid" in (tmp_path / "means.svg").read_text(encoding="utf-8")


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert to_svg(forest()) == to_svg(forest())
    assert to_png(forest(), 100) == to_png(forest(), 100)


@pytest.mark.parametrize("dpi", [100, 300])
def test_a_picture_has_the_papers_width_at_its_resolution(dpi: int) -> None:
    image = Image.open(io.BytesIO(to_png(forest(), dpi)))
    assert image.width == pytest.approx(COLUMN_MM / 25.4 * dpi, abs=1)
    assert image.info["dpi"][0] == pytest.approx(dpi, abs=0.1)
    assert image.info["Title"] == 'What "listeners" said'


def test_a_picture_shows_ink_where_the_mark_is() -> None:
    """Black from 2 to 4 on an axis from 0 to 10: a fifth of the width is dark."""
    plot = Plot(Axis(0, 10), Axis(0, 1), (Boxes((2.0,), (4.0,), fill="#000000"),), height_mm=30)
    figure = Figure(((plot,),))
    grey = np.asarray(Image.open(io.BytesIO(to_png(figure, 100))).convert("L"))
    dark = (grey[grey.shape[0] // 3] < 60).nonzero()[0]
    frame = next(group.clip for group in lay_out(figure).groups if group.clip)
    assert (dark[0], dark[-1]) == pytest.approx(
        [(frame[0] + frame[2] * share) * 100 / 72 for share in (0.2, 0.4)], abs=2
    )


def test_a_picture_of_absurd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        to_png(forest(), 20_000)


@pytest.mark.parametrize("wide", [60.0, COLUMN_MM, 181.0])
@pytest.mark.parametrize("names", [NAMES, ("a",), ("one name that is longer than half a page " * 3, "b")])
def test_no_text_leaves_the_paper(names: tuple[str, ...], wide: float) -> None:
    upright = Plot(Axis.of_names(names, "Condition", across=True), Axis(0, 1, "Share"), ())
    figure = Figure((*forest(names, wide).rows, (upright,)), "A title " * 30, "A caption " * 40, wide)
    sheet = lay_out(figure)
    for word in words_of(figure):
        size = width(word.text, word.size)
        before = {"start": 0.0, "middle": size / 2, "end": size}[word.anchor]
        low, high = (word.y + before - size, word.y + before) if word.upwards else (word.x - before,) * 2
        if word.upwards:
            assert low >= -0.5, word
            assert high <= sheet.height + 0.5, word
        else:
            assert word.x - before >= -0.5, word
            assert word.x - before + size <= sheet.width + 0.5, word


def test_round_numbers_stand_at_ticks() -> None:
    assert [text for _, text in Axis(0, 1).marked(6)] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [at for at, _ in Axis(0, 1).marked(6)] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [text for _, text in Axis(-3, 3).marked(4)] == ["−2", "0", "2"]
    assert [text for _, text in Axis(5, 1).marked(5)] == ["1", "2", "3", "4", "5"]
    assert [text for _, text in Axis(0, 40_000).marked(4)] == ["0", "10000", "20000", "30000", "40000"]


def test_an_axis_without_length_is_refused() -> None:
    for ends in ((1.0, 1.0), (0.0, float("nan")), (0.0, float("inf"))):
        with pytest.raises(ValueError, match="no length"):
            Axis(*ends)


def test_an_axis_around_values_holds_them_all() -> None:
    axis = Axis.around([3.0, float("nan"), -1.0, 2.0])
    assert axis.low < -1.0 < 3.0 < axis.high
    assert Axis.around([]).high > Axis.around([]).low
    assert Axis.around([2.0, 2.0]).low < 2.0 < Axis.around([2.0, 2.0]).high


def test_missing_values_leave_holes_and_no_marks() -> None:
    nan = float("nan")
    pieces = marks_of(Line((0, 1, 2, 3, 4), (0, 1, nan, 1, 0)))
    assert [len(piece.points) for piece in pieces if isinstance(piece, Stroke)] == [2, 2]
    assert (
        marks_of(
            Points((1.0,), (nan,)), Whiskers((1.0,), (nan,), (1.0,)), Boxes((nan,), (1.0,), fill="#000000")
        )
        == []
    )


def test_looks_differ_in_grey_too() -> None:
    assert len({each.dash for each in LOOKS}) == len({each.marker for each in LOOKS}) == len(LOOKS)
    assert look(len(LOOKS) + 1) == LOOKS[1]
    drawn = [
        tuple(map(str, marks_of(Points((5.0,), (0.5,), Look("#000000", (), each.marker))))) for each in LOOKS
    ]
    assert len(set(drawn)) == len(LOOKS)


def test_hatching_stays_inside_its_rectangle() -> None:
    lines = np.concatenate(hatching(10, 20, 30, 24, 5))
    assert ((lines >= (10, 20)) & (lines <= (30, 24))).all()
    sums = [(line.sum(axis=1) / 5) for line in hatching(10, 20, 30, 24, 5)]
    assert all(each == pytest.approx(np.round(each)) for each in sums)


def test_a_legend_names_each_label_once() -> None:
    plot = Plot(
        Axis(0, 1),
        Axis(0, 1),
        (
            Line((0, 1), (0, 1), label="A"),
            Points((0,), (0,), label="A"),
            Boxes((0,), (1,), hatch=True, label="lost"),
        ),
    )
    words = [word.text for word in words_of(Figure(((plot, plot), (plot,))))]
    assert words.count("A") == words.count("lost") == 1


def test_long_texts_are_broken_or_shortened() -> None:
    assert broken("one two three", 8, width("one two", 8)) == ["one two", "three"]
    assert "".join(broken("x" * 50, 8, 60)) == "x" * 50
    assert all(width(line, 8) <= 60 for line in broken("x" * 50, 8, 60))
    assert shortened("short", 8, 100) == "short"
    assert width(shortened("a very long name indeed", 8, 40), 8) <= 40
    assert shortened("new", 7, width("new", 7) - 1e-9) == "new"  # the room that was measured for it


def test_a_figure_is_written_by_its_suffix_and_whole(tmp_path: Path) -> None:
    write_figure(tmp_path / "f.svg", forest())
    write_figure(tmp_path / "f.PNG", forest(), 72)
    assert (tmp_path / "f.PNG").read_bytes().startswith(b"\x89PNG")
    write_figure(tmp_path / "f.pdf", forest())
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(FigureError, match=r"use \.pdf, \.svg or \.png"):
        write_figure(tmp_path / "f.bmp", forest())
    with pytest.raises(FigureError, match="its folder is not there"):
        write_figure(tmp_path / "none" / "f.svg", forest())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["f.PNG", "f.pdf", "f.svg"]


def page_of(pdf: bytes) -> tuple[str, str]:
    """Return what draws a page, and which letters its fonts map to which signs."""
    texts = []
    for coded, stream in STREAM.findall(pdf):
        data = base64.a85decode(stream.strip(), adobe=True) if b"ASCII85" in coded else stream
        texts.append(zlib.decompress(data).decode("latin-1"))
    (drawn,) = (each for each in texts if " cm" in each)
    return drawn, "".join(each for each in texts if "beginbfchar" in each or "beginbfrange" in each)


STREAM = re.compile(rb"<<([^>]*)>>\s*stream\r?\n(.*?)endstream", re.S)


def test_a_pdf_has_the_papers_width_its_letters_and_lines_that_stay_lines() -> None:
    pdf = to_pdf(forest())
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box is not None
    assert float(box[1]) == pytest.approx(COLUMN_MM / 25.4 * 72, abs=0.01)
    assert pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page\n") == 1
    assert pdf.count(b"/FontFile2") == pdf.count(b"/Type /Font ") + pdf.count(b"/Type /Font\n") > 0
    assert b"/Subtype /Image" not in pdf
    drawn, signs = page_of(pdf)
    assert "Ü".encode("utf-16-be").hex().upper() in signs.upper()
    clipped = [group for group in lay_out(forest()).groups if group.clip]
    assert len(re.findall(r"\bW\*? n\b", drawn)) == len(clipped)
    assert pdf == to_pdf(forest())


def test_a_spectrogram_stays_a_picture_the_right_way_up_in_a_pdf() -> None:
    pixels = np.zeros((4, 2, 3), np.uint8)
    plot = Plot(Axis(0, 1), Axis(0, 1), (Raster(pixels, 0, 1, 0, 1),))
    pdf = to_pdf(Figure(((plot,),)))
    assert pdf.count(b"/Subtype /Image") == 1
    drawn, _ = page_of(pdf)
    before, _, _ = drawn.partition(" Do")
    # The page is turned upside down, and the picture once more.
    assert len(re.findall(r"1 0 0 -1 \S+ \S+ cm", before[before.rindex("W") :])) == 1


# -- sound ---------------------------------------------------------------------------------------------------


def tone(hertz: float, seconds: float = 0.5, rate: int = 16_000) -> Signal:
    return Signal.of(0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate), rate)


def raster_of(plot: Plot) -> Raster:
    return next(mark for mark in plot.marks if isinstance(mark, Raster))


@pytest.mark.parametrize("hertz", [1000.0, 3000.0, 6000.0])
def test_a_spectrogram_is_darkest_at_the_tones_frequency(hertz: float) -> None:
    pixels = raster_of(spectrogram(tone(hertz), 1600, 6400, ())).pixels.astype(float)
    rows = pixels[:, 5:-5].mean(axis=(1, 2))
    top_down = 1 - (int(rows.argmin()) + 0.5) / len(rows)
    assert top_down * 8000 == pytest.approx(hertz, abs=200)


def test_a_spectrogram_stands_at_its_time() -> None:
    """A sound that begins at 0.25 s begins there in the picture, and what is beyond its end is paper."""
    samples = np.zeros(8000)
    samples[4000:] = tone(2000.0).samples[4000:, 0]
    pixels = raster_of(spectrogram(Signal.of(samples, 16_000), 2000, 10_000, ())).pixels
    sounding = (pixels.min(axis=(0, 2)) < 200).nonzero()[0] / pixels.shape[1] * 0.5 + 0.125
    assert sounding[0] == pytest.approx(0.25, abs=0.01)
    assert sounding[-1] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("stop", [2000, 40_000])
def test_a_waveform_reaches_every_peak(stop: int) -> None:
    """Close by each sample is a point; from afar columns hold the smallest and the largest."""
    samples = np.zeros(50_000)
    samples[1234], samples[1500] = 0.7, -0.9
    shapes = marks_of(
        *waveform(Signal.of(samples, 16_000), 0, stop, (), reach=1.0).marks,
        x=Axis(0, stop / 16_000),
        y=Axis(-1, 1),
    )
    points = np.concatenate([shape.points for shape in shapes if isinstance(shape, Stroke)])
    plot = Figure(((Plot(Axis(0, stop / 16_000), Axis(-1, 1), ()),),))
    frame = next(group.clip for group in lay_out(plot).groups if group.clip)
    heights = (1 - (points[:, 1] - frame[1]) / frame[3]) * 2 - 1
    assert (heights.max(), heights.min()) == pytest.approx((0.7, -0.9), abs=1e-6)
    at = points[heights.argmax(), 0]
    assert (at - frame[0]) / frame[2] * stop == pytest.approx(1234, abs=stop / 1000)


@pytest.mark.parametrize("draw", [waveform, spectrogram])
def test_what_was_lost_is_hatched_and_named(draw: object) -> None:
    more = {"reach": 1.0} if draw is waveform else {}
    plot = draw(tone(500.0), 0, 8000, [(1600, 1920), (3200, 3840)], **more)  # type: ignore[operator]
    hatched = [mark for mark in plot.marks if isinstance(mark, Boxes) and mark.hatch]
    assert list(zip(hatched[0].left, hatched[0].right, strict=True)) == [(0.1, 0.12), (0.2, 0.24)]
    assert hatched[0].label == "lost"
    assert plot.marks.index(hatched[0]) > 0, "the hatching lies over the sound"


def test_pixels_reach_both_kinds_of_file() -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[..., 0] = 255
    plot = Plot(Axis(0, 1), Axis(0, 1), (Raster(pixels, 0, 1, 0, 1), Note(0.5, 0.5, "here")))
    figure = Figure(((plot,),))
    image = np.asarray(Image.open(io.BytesIO(to_png(figure, 72))))
    assert (image.reshape(-1, 3) == (255, 0, 0)).all(axis=1).mean() > 0.5
    assert re.search(r'href="data:image/png;base64,[A-Za-z0-9+/=]+"', to_svg(figure))
    assert [type(each) for each in itertools.islice(marks_of(*plot.marks), 2)] == [Pixels, Word]


def test_a_long_line_ends_in_the_picture_where_it_was_laid_out() -> None:
    text = "2 gaplisten_hybrid: click at exit 14.5 z !, energy error -3.1 dB, LSD 12.1 dB, click at entry"
    word = Word(4.0, 12.0, text, 7.0)
    for dpi in (72, 96, 110, 150, 220, 300):
        room = width(text, 7.0) + 8.0
        sheet = Sheet(room, 18.0, (Group(None, (word,)),), "t")
        image = Image.open(io.BytesIO(draw(sheet, dpi).png())).convert("L")
        dark = np.flatnonzero((np.asarray(image) < 128).any(axis=0))
        assert dark.size
        assert dark[-1] <= (room - 4.0) * dpi / 72 + 1.0, dpi


def test_an_area_of_thousands_of_corners_is_drawn_in_strips_and_no_pixel_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw_of = np.random.default_rng(3)
    x = np.linspace(3.0, 197.0, 1200)
    top, bottom = 30 - draw_of.random(1200) * 25, 30 + draw_of.random(1200) * 25
    area = np.concatenate([np.stack([x, top], 1), np.stack([x, bottom], 1)[::-1]])
    frame = Group((2.0, 2.0, 196.0, 56.0), (Stroke(area, fill="#0072b2"),))
    seen = Group((2.0, 2.0, 196.0, 56.0), (Stroke(area, fill="#0072b2", opacity=0.5),))
    pictures = {}
    for places in (png._STRIP, 10_000):
        monkeypatch.setattr(png, "_STRIP", places)
        pictures[places] = [draw(Sheet(200.0, 60.0, (one,)), 150).image.tobytes() for one in (frame, seen)]
    strips, whole = pictures.values()
    assert strips == whole


def test_no_number_of_the_time_axis_is_cut_at_the_papers_edge() -> None:
    # The last of many ticks has more digits than the last of few.
    for start, stop in ((3.09, 3.65), (0.0, 1.0), (9.0, 9.95), (0.95, 1.002), (99.4, 100.3)):
        plot = Plot(Axis(start, stop, "Time (s)"), Axis(-1, 1), (), "clip")
        sheet = lay_out(Figure(((plot,),)))
        words = [one for group in sheet.groups for one in group.shapes if isinstance(one, Word)]
        ends = [one.x + width(one.text, one.size) / 2 for one in words if one.anchor == "middle"]
        assert len(ends) > 3
        assert max(ends) <= sheet.width + 0.01
