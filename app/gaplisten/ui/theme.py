"""Looks: light and dark palettes with one accent, lane colours everybody can tell apart, the style."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QStyleOption, QWidget

ACCENT_LIGHT, ACCENT_DARK = "#1f6fb5", "#5aa9e6"

# After Okabe and Ito; neighbours differ most. The yellow is too faint on white and the blue too dark on
# black, so each ground has its own row; vermilion is left to altered samples. The first is the
# reference: the text's own colour. All stand out 3 to 1 from what they are drawn on, shaded losses too.
# The last seven lie as far as can be from all others, to eyes without one kind of cones too.
LANES_LIGHT = (
    *("#303840", "#b07a00", "#0072b2", "#00946c", "#bb5b94", "#8c1aff", "#800000", "#4d1a66"),
    *("#6e783a", "#452eb8", "#78443a", "#b31e00"),
)
LANES_DARK = (
    *("#d5dade", "#e9b949", "#56b4e9", "#2fc79b", "#e59cc5", "#d91aff", "#b3ffb3", "#7082db"),
    *("#9b8e4b", "#e6e600", "#b47164", "#80ff80"),
)

_LIGHT = {
    "Window": "#f3f4f6",
    "WindowText": "#1d2329",
    "Base": "#ffffff",
    "AlternateBase": "#f6f7f9",
    "Text": "#1d2329",
    "Button": "#eceef1",
    "ButtonText": "#1d2329",
    "BrightText": "#b3261e",
    "ToolTipBase": "#ffffff",
    "ToolTipText": "#1d2329",
    "PlaceholderText": "#6b747d",
    "Link": ACCENT_LIGHT,
    "Highlight": ACCENT_LIGHT,
    "HighlightedText": "#ffffff",
    "Accent": ACCENT_LIGHT,
    "Light": "#ffffff",
    "Midlight": "#e3e6ea",
    "Mid": "#c3c8ce",
    "Dark": "#9aa2aa",
    "Shadow": "#5c646c",
}
_DARK = {
    "Window": "#2c3137",
    "WindowText": "#e4e7ea",
    "Base": "#1b1e22",
    "AlternateBase": "#22262b",
    "Text": "#e4e7ea",
    "Button": "#3a4148",
    "ButtonText": "#e4e7ea",
    "BrightText": "#ff8a80",
    "ToolTipBase": "#2e3339",
    "ToolTipText": "#e4e7ea",
    "PlaceholderText": "#8b949d",
    "Link": ACCENT_DARK,
    "Highlight": "#2a6ea6",
    "HighlightedText": "#ffffff",
    "Accent": ACCENT_DARK,
    "Light": "#464d55",
    "Midlight": "#3f464d",
    "Mid": "#545c65",
    "Dark": "#14171a",
    "Shadow": "#0c0e10",
}
_BOXES = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
)
_FIELD = QStyle.PrimitiveElement.PE_FrameLineEdit  # of text fields with a frame; lists have another


def _palette(colours: dict[str, str], disabled: str) -> QPalette:
    palette = QPalette()
    for role, colour in colours.items():
        palette.setColor(QPalette.ColorRole[role], QColor(colour))
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole[role], QColor(disabled))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(colours["Mid"]))
    return palette


def light_palette() -> QPalette:
    """Return the light palette."""
    return _palette(_LIGHT, "#8b939b")


def dark_palette() -> QPalette:
    """Return the dark palette."""
    return _palette(_DARK, "#6d757d")


def _field_role(state: QStyle.StateFlag) -> QPalette.ColorRole:
    if not state & QStyle.StateFlag.State_Enabled:
        return QPalette.ColorRole.Mid
    focus = bool(state & QStyle.StateFlag.State_HasFocus)
    return QPalette.ColorRole.Accent if focus else QPalette.ColorRole.PlaceholderText


def _outline(painter: QPainter, colour: QColor, around: QRectF, radius: float) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(around, radius, radius)
    painter.restore()


class VisibleBoxes(QProxyStyle):
    """Fusion draws outlines darker than the window: on a dark one nobody sees an empty box or field."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw as Fusion does; on a dark ground outline boxes and fields in the colour of quiet text."""
        super().drawPrimitive(element, option, painter, widget)
        palette = option.palette
        if palette.color(QPalette.ColorRole.Window).lightness() >= 128:
            return
        if element in _BOXES:
            around = QRectF(option.rect).adjusted(1, 1, -2, -2)
            _outline(painter, palette.color(QPalette.ColorRole.PlaceholderText), around, 0)
        elif element == _FIELD:
            around = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
            _outline(painter, palette.color(_field_role(option.state)), around, 2)


def apply_theme(app: QApplication, theme: str) -> None:
    """Dress the application.

    Parameters
    ----------
    theme
        "light", "dark", or "system" (what the desktop asks for; light where it does not say).
    """
    if not isinstance(app.style(), VisibleBoxes):  # each style that is set dresses every widget anew
        app.setStyle(VisibleBoxes())
    wants_dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    dark = theme == "dark" or (theme == "system" and wants_dark)
    app.setPalette(dark_palette() if dark else light_palette())


def is_dark(palette: QPalette | None = None) -> bool:
    """Return whether `palette` (the application's when not given) has light text on a dark ground."""
    palette = palette or QGuiApplication.palette()
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def lane_colour(index: int, palette: QPalette | None = None) -> QColor:
    """Return the colour of this number; beyond the twelfth they begin anew."""
    return _of(LANES_DARK if is_dark(palette) else LANES_LIGHT, index)


def lane_colour_on_paper(index: int) -> QColor:
    """Return the colour of this number on white, whatever the theme."""
    return _of(LANES_LIGHT, index)


def _of(colours: tuple[str, ...], index: int) -> QColor:
    return QColor(colours[index] if index < len(colours) else colours[1 + (index - 1) % (len(colours) - 1)])


def accent(palette: QPalette | None = None) -> QColor:
    """Return the one accent colour."""
    return QColor(ACCENT_DARK if is_dark(palette) else ACCENT_LIGHT)


def warning_colour(palette: QPalette | None = None) -> QColor:
    """Return the colour of what went wrong; always beside words, never alone."""
    return QColor("#ff8a80" if is_dark(palette) else "#b3261e")


def quiet_colour(palette: QPalette | None = None) -> QColor:
    """Return the colour of secondary text."""
    return QColor("#a3abb3" if is_dark(palette) else "#58616a")


def waiting_colour(palette: QPalette | None = None) -> QColor:
    """Return the colour of words on a button that may not be pressed yet, and are to be read all the same."""
    return QColor("#c8ced4" if is_dark(palette) else "#58616a")


def figures(font: QFont | None = None) -> QFont:
    """Return a font whose digits all have the same width, so that running numbers do not jump."""
    font = QFont(font or QApplication.font())
    if hasattr(QFont, "Tag"):
        font.setFeature(QFont.Tag("tnum"), 1)
    if not _even_digits(font):
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSizeF(font.pointSizeF() if font.pointSizeF() > 0 else 10.0)
        return fixed
    return font


def _even_digits(font: QFont) -> bool:
    metrics = QFontMetricsF(font)
    return len({round(metrics.horizontalAdvance(digit), 2) for digit in "0123456789"}) == 1
