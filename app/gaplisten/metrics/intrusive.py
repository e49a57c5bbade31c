"""PESQ and STOI: older measures that compare with the reference, computed by their own packages."""

from __future__ import annotations

import warnings

from gaplisten.metrics.contract import Implementation, Material, Metric, Unscorable

PESQ = Metric(
    name="pesq",
    title="PESQ",
    needs_reference=True,
    rates=(8000, 16000),
    range=(1.0, 4.65),
    unit="MOS-LQO",
    source="ITU-T P.862 with P.862.1 at 8 kHz, P.862.2 (wideband) at 16 kHz; not validated for concealment",
    # The reference code counts at most 50 utterances and checks nothing beyond them.
    seconds=(0.25, 60.0),
    requires=("pesq",),
)

STOI = Metric(
    name="stoi",
    title="STOI",
    needs_reference=True,
    range=(0.0, 1.0),
    source="Taal et al., IEEE TASLP 19(7), 2011",
    seconds=(0.5, 600.0),
    aligned=True,
    version="2",
    requires=("pystoi",),
)


def pesq_score(material: Material) -> float:
    """Return the predicted opinion, narrowband at 8 kHz and wideband at 16 kHz."""
    import pesq

    reference, degraded = material.whole
    band = "nb" if material.rate == 8000 else "wb"
    try:
        return float(pesq.pesq(material.rate, reference, degraded, band))
    except pesq.NoUtterancesError as error:
        raise Unscorable("PESQ finds no speech in the reference or the file") from error
    except pesq.PesqError as error:
        said = error.args[0] if error.args else ""  # the C code's messages come as bytes
        text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
        raise Unscorable(f"PESQ gives up: {text}") from error


def stoi_score(material: Material) -> float:
    """Return the short-time objective intelligibility; slightly below 0 is possible for unrelated sounds."""
    from pystoi import stoi

    reference, degraded = material.pair
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(reference, degraded, material.rate, extended=False))
        except RuntimeWarning as warning:
            raise Unscorable("the reference has too little speech for STOI") from warning


PLACE = 30
IMPLEMENTATIONS = (Implementation(PESQ, pesq_score), Implementation(STOI, stoi_score))
