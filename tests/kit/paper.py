"""Lanes on paper, as large as tests count it: in logical pixels."""

from __future__ import annotations

from gaplisten.ui.lanes.export import Paper, Print
from gaplisten.ui.lanes.lanes_view import LanesView

MM_OF_A_PIXEL = 25.4 / 96


def on_paper(
    view: LanesView, width: int = 800, height: int = 400, scale: float = 1.0, **more: object
) -> Print:
    """Return what is seen on paper of that size, finer by `scale`, in letters of the usual size."""
    start, stop = view.visible_range
    size = width * MM_OF_A_PIXEL, height * MM_OF_A_PIXEL
    paper = Paper(*size, start, stop, round(96 * scale), 9.0, **more)  # type: ignore[arg-type]
    return view.on_paper(paper)
