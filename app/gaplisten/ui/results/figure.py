"""Results as a picture for a paper: PNG or SVG, dark on white, with or without a display."""

from __future__ import annotations

import os
from pathlib import Path

from gaplisten.display import has_display
from gaplisten.panel.results.evaluation import Results
from gaplisten.ui.figures import SIZE, check_suffix, save_plot


def save_figure(results: Results, path: Path) -> None:
    """Draw results into a ``.png`` or ``.svg`` file.

    Raises
    ------
    FigureError
        If the ending is another one, or the file cannot be written.
    """
    check_suffix(path)
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gaplisten.ui.results.plot import ResultsPlot
    from gaplisten.ui.start import application
    from gaplisten.ui.theme import light_palette

    application()
    plot = ResultsPlot(palette=light_palette())
    plot.resize(*SIZE)
    plot.show_results(results)
    save_plot(plot, path)
