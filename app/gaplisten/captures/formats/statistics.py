"""Counters of a call: dumps of chrome://webrtc-internals, and what programs print of RTCP.

They tell how much was lost and never where: what can be had of them is a loss model's parameters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaplisten.captures.formats.contract import CaptureFormat, Damaged, first_text, others_left_out, text_of
from gaplisten.captures.streams import Capture, Totals
from gaplisten.jobs import Job
from gaplisten.texts import lines_of

_WANTED = (
    "totalSamplesReceived", "concealedSamples", "silentConcealedSamples", "concealmentEvents",
    "insertedSamplesForDeceleration", "removedSamplesForAcceleration", "packetsReceived", "packetsLost",
    "packetsDiscarded", "jitterBufferDelay", "jitterBufferEmittedCount",
)  # fmt: skip
_MOST_STREAMS = 1000
_TYPICAL_PACKET_S = 0.02


def _is_internals(head: bytes) -> bool:
    text = first_text(head).lstrip()
    return text.startswith("{") and ('"PeerConnections"' in text or '"getUserMedia"' in text)


def _read_internals(path: Path, data: bytes, job: Job) -> Capture:
    try:
        dump = json.loads(text_of(data))
    except (ValueError, RecursionError) as error:
        raise Damaged(f"is no JSON ({str(error)[:80]})", "save the dump again") from error
    connections = dump.get("PeerConnections") if isinstance(dump, dict) else None
    if not isinstance(connections, dict):
        raise Damaged("names no PeerConnections", "save the dump again, during the call")
    totals: list[Totals] = []
    for name, connection in connections.items():
        stats = connection.get("stats") if isinstance(connection, dict) else None
        totals += _inbound(str(name), stats) if isinstance(stats, dict) else []
        job.check(0.5)
        if len(totals) > _MOST_STREAMS:
            raise Damaged(f"tells of more than {_MOST_STREAMS} streams")
    if not totals:
        raise Damaged("holds no statistics of received sound (inbound-rtp)", "save the dump during the call")
    return Capture(path, "webrtc-internals dump", totals=tuple(totals))


def _inbound(connection: str, stats: Mapping[str, Any]) -> list[Totals]:
    """Return the last values of each received stream of sound; members stand behind the last hyphen."""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in stats.items():
        ident, hyphen, member = str(name).rpartition("-")
        if hyphen and isinstance(entry, dict) and entry.get("statsType") == "inbound-rtp":
            found.setdefault(ident, {})[member] = _values(entry.get("values"))
    made = []
    for ident, members in found.items():
        kinds = members.get("kind") or members.get("mediaType") or []
        if kinds and kinds[-1] != "audio":
            continue
        figures = {key: value for key in _WANTED if (value := _last(members.get(key))) is not None}
        if "concealedSamples" in figures or "packetsLost" in figures:
            made.append(_of_internals(f"{connection} {ident}", figures))
    return made


def _values(words: object) -> list[Any]:
    """Return the array that stands there as text."""
    if isinstance(words, list):
        return words
    try:
        values = json.loads(words) if isinstance(words, str) else []
    except (ValueError, RecursionError):
        return []
    return values if isinstance(values, list) else []


def _last(values: list[Any] | None) -> float | None:
    numbers = [
        value for value in values or [] if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    try:
        last = float(numbers[-1]) if numbers else math.nan
    except OverflowError:
        return None
    return last if math.isfinite(last) and last >= 0 else None


def _of_internals(name: str, figures: dict[str, float]) -> Totals:
    total, concealed = figures.get("totalSamplesReceived", 0.0), figures.get("concealedSamples")
    events = figures.get("concealmentEvents")
    loss = min(concealed / total, 1.0) if total and concealed is not None else None
    burst = None
    if events and concealed is not None:
        # All of WebRTC's audio statistics count at 48 kHz.
        burst = concealed / events / (48_000 * _TYPICAL_PACKET_S)
    return Totals(name, figures, loss, burst, None if events is None else int(events))


# --- what programs print of RTCP ----------------------------------------------------------------------------

# pjsua's "dq": "pkt loss=3 (1.2%), discrd=0 (0.0%)", and in the line below "loss period:" with min, avg, max.
_PJSUA = re.compile(
    r"total ([\d.]{1,12})(K|M)?pkt.{0,200}?pkt loss=(\d{1,9}) \((\d{1,3}\.\d{1,3})%\)", re.DOTALL
)
_PERIOD = re.compile(r"loss period\s*:\s*(-?[\d.]{1,12})\s+(-?[\d.]{1,12})\s+(-?[\d.]{1,12})")
# Asterisk: "lp=3;rxjitter=0.01;rxcount=1000".
_ASTERISK = re.compile(r"(?:^|[;\s])(lp|rxcount)=(\d{1,9})(?=[;\s]|$)", re.MULTILINE)
# RFC 3611, as people write its fields; shares only where it is said that they are.
_REPORT = re.compile(
    r"\b(burst|gap)[ _](density|duration)\s*[:=]\s*(\d{1,6}(?:\.\d{1,6})?)\s*(%|ms)", re.IGNORECASE
)


def _is_report(head: bytes) -> bool:
    text = first_text(head)
    asterisk = {name for name, _ in _ASTERISK.findall(text)} >= {"lp", "rxcount"}
    return asterisk or _PJSUA.search(text) is not None or len(_REPORT.findall(text)) >= 2


def _read_report(path: Path, data: bytes, job: Job) -> Capture:
    """Take the figures of the last report in a log: the counters are those of the call until then."""
    text = text_of(data)
    figures: dict[str, float] = {}
    loss, burst = None, None
    for found in _PJSUA.finditer(text):
        figures["packets received"] = float(found[1]) * {"K": 1e3, "M": 1e6, None: 1.0}[found[2]]
        figures["packets lost"], loss = float(found[3]), float(found[4]) / 100
    job.check(0.4)
    for found in _PERIOD.finditer(text):
        figures["mean loss period, ms"] = max(float(found[2]), 0.0)
        burst = figures["mean loss period, ms"] / 1000 / _TYPICAL_PACKET_S
    for name, value in _ASTERISK.findall(text):
        figures[{"lp": "packets lost", "rxcount": "packets received"}[name]] = float(value)
    if loss is None and figures.get("packets received"):
        lost = figures.get("packets lost", 0.0)
        loss = lost / (lost + figures["packets received"])
    job.check(0.7)
    for where, what, value, unit in _REPORT.findall(text):
        if (what.casefold() == "density") == (unit == "%"):
            figures[f"{where.casefold()} {what.casefold()}, {unit}"] = float(value)
    length, dense = figures.get("burst duration, ms"), figures.get("burst density, %")
    if length and dense and burst is None:
        burst = length / 1000 / _TYPICAL_PACKET_S * dense / 100
        quiet, thin = figures.get("gap duration, ms", 0.0), figures.get("gap density, %", 0.0)
        loss = loss if loss is not None else (length * dense + quiet * thin) / 100 / (length + quiet)
    if not figures:
        raise Damaged("holds no counters of a call that are known")
    notes = others_left_out(sum(map(_says_nothing, lines_of(text))), "those with counters")
    return Capture(path, "RTCP log", totals=(Totals(path.name, figures, loss, burst or None),), notes=notes)


def _says_nothing(line: str) -> bool:
    told = _ASTERISK.search(line) or _REPORT.search(line) or "pkt" in line or "loss" in line
    return bool(line.strip()) and not told


FORMATS = (
    CaptureFormat(
        name="webrtc_internals",
        help="dump of chrome://webrtc-internals, also packed with gzip (totals, no positions)",
        recognises=_is_internals,
        read=_read_internals,
        place=80,
    ),
    CaptureFormat(
        name="rtcp_report",
        help="what pjsua, Asterisk and others print of RTCP (totals, no positions)",
        recognises=_is_report,
        read=_read_report,
        by_lines=True,
        place=120,
    ),
)
