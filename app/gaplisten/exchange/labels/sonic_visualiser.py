"""Layers of Sonic Visualiser: regions, each track at a height of its own."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from gaplisten.exchange.labels.contract import (
    BadLabels,
    LabelFormat,
    Track,
    bounded,
    flattened,
    label_of,
    parted,
    seconds_of,
    text_of,
)


def _encode(tracks: Sequence[Track], seconds: float, rate: int) -> str:
    from xml.sax.saxutils import quoteattr  # brings the network with it: not at every start

    heights = {track.name: height for height, track in enumerate(tracks)}
    rows = [(each, heights.get(each.text.partition(": ")[0], 0)) for each in flattened(tracks)]
    points = "".join(
        f'      <point frame="{round(each.start * rate)}" value="{height}"'
        f' duration="{round((each.stop - each.start) * rate)}" label={quoteattr(each.text)} />\n'
        for each, height in rows
    )
    name = quoteattr(", ".join(heights))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE sonic-visualiser>\n<sv>\n  <data>\n'
        f'    <model id="1" name={name} sampleRate="{rate}" start="0" end="{round(seconds * rate)}"'
        ' type="sparse" dimensions="3" resolution="1" notifyOnAdd="true" dataset="0" subtype="region"'
        f' valueQuantization="1" minimum="0" maximum="{max(len(heights) - 1, 0)}" units="" />\n'
        f'    <dataset id="0" dimensions="3">\n{points}    </dataset>\n  </data>\n  <display>\n'
        f'    <layer id="2" type="regions" name={name} model="1" verticalScale="1" plotStyle="0" />\n'
        "  </display>\n</sv>\n"
    )


def _decode(data: bytes) -> tuple[Track, ...]:
    text = text_of(data)
    if "<!ENTITY" in text:
        raise BadLabels("is no layer of Sonic Visualiser: it defines entities")
    bounded(text.count("<") - 20, "elements")
    try:
        root = ElementTree.fromstring(text.partition("?>")[2] if text.startswith("<?xml") else text)
    except ElementTree.ParseError as error:
        raise BadLabels(f"is no layer of Sonic Visualiser ({error})") from error
    model = root.find("./data/model")
    rate = 0.0 if model is None else seconds_of(model.get("sampleRate", ""), "its sample rate")
    if not rate > 0:
        raise BadLabels("is no layer of Sonic Visualiser: it names no sample rate")
    labels = []
    for number, point in enumerate(root.iterfind("./data/dataset/point"), 1):
        where = f"point {number}"
        frame, length = (seconds_of(point.get(name, "0"), where) for name in ("frame", "duration"))
        labels.append(label_of(frame / rate, (frame + length) / rate, point.get("label", ""), where))
    return parted(sorted(labels))


FORMAT = LabelFormat("Sonic Visualiser", ".svl", _encode, _decode, place=30)
