"""The picture of a finding: each version's waveform and spectrogram, under what was measured of it."""

from __future__ import annotations

import numpy as np

from gaplisten.report.figure import INK, Figure, Look, Plot, look
from gaplisten.report.finding import Finding, Kind, Version
from gaplisten.report.sounds import spectrogram, waveform

_LOOKS = (Look(INK), Look("#6b747d"))
_HEADROOM = 1.05


def figure_of(finding: Finding, *, waves_only: bool = False) -> Figure:
    """Return the picture of a finding.

    Parameters
    ----------
    waves_only
        Whether spectrograms are left out.
    """
    start, stop = finding.start, finding.stop
    parts = [finding.heard(version).samples for version in finding.versions]
    reach = max((float(np.abs(part).max(initial=0.0)) for part in parts), default=0.0) * _HEADROOM or 1.0
    rows: list[tuple[Plot, ...]] = []
    for number, version in enumerate(finding.versions):
        last = number == len(finding.versions) - 1
        lost = finding.lost_by(version)  # in the reference, which lost nothing: where the others did
        title = f"{number_of(finding, version)} {version.name}"
        told = version.told()
        wave = waveform(
            version.signal, start, stop, lost, reach=reach,
            title=f"{title}: {told}" if told else title,
            named=last and waves_only, look=_look(finding, version),
        )  # fmt: skip
        rows.append((wave,))
        if not waves_only:
            rows.append((spectrogram(version.signal, start, stop, lost, named=last),))
    return Figure(tuple(rows), finding.title, _caption(finding))


def _caption(finding: Finding) -> str:
    marked = any(version.flags for version in finding.versions)
    said = ["Hatched: lost."]
    if marked:
        said.append("! beyond the measure's threshold.")
    return " ".join([*said, "All waveforms have the same scale; spectrograms show -95 to -15 dB."])


def number_of(finding: Finding, version: Version) -> int:
    """Return the key that a version has: 0 the reference, 1 the lossy file, the others from 2 on."""
    if version.kind is not Kind.OTHER:
        return int(version.kind)
    others = [each for each in finding.versions if each.kind is Kind.OTHER]
    return next(at for at, each in enumerate(others, int(Kind.OTHER)) if each is version)


def _look(finding: Finding, version: Version) -> Look:
    if version.kind is not Kind.OTHER:
        return _LOOKS[version.kind]
    return look(1 + (number_of(finding, version) - int(Kind.OTHER)) % 6)
