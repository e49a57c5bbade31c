"""The documentation in a window of its own: contents, search, and links between its pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QTextBlock, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QSplitter,
    QTextBrowser,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten import folders
from gaplisten.languages import ENGLISH
from gaplisten.ui.fields import FilterField
from gaplisten.ui.translation import language, tr
from gaplisten.ui.widgets import resize_within

FIRST = "manual"
"""The page that is open at first, and stands first."""

_NOT_FOR_READERS = frozenset({"architecture"})
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_MOST_MARKED = 500
_SECTION = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, up to the next.

    Parameters
    ----------
    level
        1 for the page's title, up to 3.
    nth
        How many headings of the page come before it.
    """

    title: str
    level: int
    nth: int
    text: str


@dataclass(frozen=True)
class Page:
    """One file of the documentation."""

    name: str
    markdown: str
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """What the contents call it."""
        return self.sections[0].title if self.sections else self.name


def pages(code: str = ENGLISH) -> tuple[Page, ...]:
    """Return the documentation that lies with the program, the manual first; none where it was left out.

    Parameters
    ----------
    code
        Language of the window: what is there in it (``docs/de/manual.md``) stands for the English page; the
        others say first that they are in English.
    """
    folder = folders.resources().parent / "docs"
    found = [_page(path, code) for path in folder.glob("*.md") if path.stem not in _NOT_FOR_READERS]
    return tuple(sorted(found, key=lambda page: (page.name != FIRST, page.title.casefold())))


def _page(path: Path, code: str) -> Page:
    own = path.parent / code / path.name
    there = code != ENGLISH and own.is_file()
    text = (own if there else path).read_text(encoding="utf-8")
    if code != ENGLISH and not there:
        text = "\n\n".join(["*" + tr("There is this page in English only.") + "*", text])
    # What a fence holds is an example: a comment in it is no heading.
    blanked = _FENCED.sub(lambda fence: re.sub(r"[^\n]", " ", fence.group()), text)
    heads = list(_HEADING.finditer(blanked))
    ends = [each.start() for each in heads[1:]] + [len(text)]
    return Page(
        path.stem,
        text,
        tuple(
            Section(plain(head[2]), len(head[1]), nth, text[head.start() : end].casefold())
            for nth, (head, end) in enumerate(zip(heads, ends, strict=True))
        ),
    )


def plain(heading: str) -> str:
    """Return a heading without its marks for code and stress."""
    return re.sub(r"[`*]", "", heading).strip()


def anchor(heading: str) -> str:
    """Return how links name a heading."""
    return re.sub(r"[^\w\- ]", "", plain(heading).casefold()).replace(" ", "-")


class Manual(QDialog):
    """The pages beside their contents; typing narrows the contents to the sections that hold all words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Manual"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.pages = {page.name: page for page in pages(language())}
        self.shown = ""
        self.search = FilterField(tr("Search all pages"), self)
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._next)
        self.contents = QTreeWidget(self)
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName(tr("Contents"))
        self.contents.currentItemChanged.connect(self._on_chosen)
        self.none = QLabel(tr("No section holds all these words."), self)
        self.none.setWordWrap(True)
        self.none.hide()
        self.text = QTextBrowser(self)
        self.text.setAccessibleName(tr("Page"))
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self._follow)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.contents, self.none):
            column.addWidget(widget)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(self.text)
        split.setStretchFactor(1, 1)
        split.setSizes([260, 700])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)  # Return searches
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addWidget(buttons)
        resize_within(self, 980, 720)
        self._fill()
        self.open_page(FIRST)
        self.search.setFocus()

    # -- contents -------------------------------------------------------------------------------------

    def _fill(self) -> None:
        for page in self.pages.values():
            top = QTreeWidgetItem([page.title])
            top.setData(0, _SECTION, (page.name, 0))
            self.contents.addTopLevelItem(top)
            above = top
            for section in page.sections[1:]:
                item = QTreeWidgetItem([section.title])
                item.setData(0, _SECTION, (page.name, section.nth))
                (above if section.level > 2 else top).addChild(item)
                above = item if section.level == 2 else above
            top.setExpanded(page.name == FIRST)

    @property
    def _words(self) -> list[str]:
        return self.search.text().casefold().split()

    def _narrow(self) -> None:
        words = self._words
        found = False
        for place in range(self.contents.topLevelItemCount()):
            found |= self._narrow_item(self.contents.topLevelItem(place), words)
        self.none.setVisible(not found)
        self._mark()

    def _narrow_item(self, item: QTreeWidgetItem | None, words: Sequence[str]) -> bool:
        """Show an item if it or one under it holds all words."""
        assert item is not None
        under = [self._narrow_item(item.child(place), words) for place in range(item.childCount())]
        name, nth = item.data(0, _SECTION)
        sections = self.pages[name].sections
        itself = not sections or all(word in sections[nth].text for word in words)
        seen = itself or any(under)
        item.setHidden(not seen)
        item.setExpanded(any(under) if words else name == FIRST and item.parent() is None)
        return seen

    def _on_chosen(self, item: QTreeWidgetItem | None, _before: object) -> None:
        if item is not None:
            name, nth = item.data(0, _SECTION)
            self.open_page(name, nth)

    # -- the page -------------------------------------------------------------------------------------

    def open_page(self, name: str, nth: int = 0) -> None:
        """Show a page from one of its headings on; `nth` counts them from 0."""
        if not self.pages:
            self.text.setMarkdown(tr("# Manual\n\nThe manual was not installed. F2 shows every key."))
            return
        if name != self.shown:
            self.shown = name
            self.text.setMarkdown(self.pages[name].markdown)
            self._mark()
        heads = [block for block in self._blocks() if block.blockFormat().headingLevel() in (1, 2, 3)]
        if nth < len(heads):
            place = self.text.document().documentLayout().blockBoundingRect(heads[nth]).top()
            self.text.verticalScrollBar().setValue(round(place) if nth else 0)
            self.text.setTextCursor(QTextCursor(heads[nth]))
            self.text.verticalScrollBar().setValue(round(place) if nth else 0)

    def _blocks(self) -> list[QTextBlock]:
        found, block = [], self.text.document().begin()
        while block.isValid():
            found.append(block)
            block = block.next()
        return found

    def _mark(self) -> None:
        """Mark the words that are looked for."""
        marked: list[QTextEdit.ExtraSelection] = []
        look = QTextCharFormat()
        look.setBackground(self.palette().highlight())
        look.setForeground(self.palette().highlightedText())
        for word in self._words:
            cursor = self.text.document().find(word)
            while not cursor.isNull() and len(marked) < _MOST_MARKED:
                mark = QTextEdit.ExtraSelection()
                mark.cursor, mark.format = cursor, look
                marked.append(mark)
                cursor = self.text.document().find(word, cursor)
        self.text.setExtraSelections(marked)

    def _next(self) -> None:
        """Go to the next place with the first word; at the end of a page to the next page that has any."""
        words = self._words
        if not words or self.text.find(words[0]):
            return
        names = [name for name, page in self.pages.items() if words[0] in page.markdown.casefold()]
        if not names:
            return
        after = names.index(self.shown) + 1 if self.shown in names else 0
        self.open_page(names[after % len(names)])
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.text.find(words[0])

    def _follow(self, url: QUrl) -> None:
        """Open a page of the documentation here, anything else where the system opens it."""
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
            return
        name = Path(url.path()).stem or self.shown
        if name not in self.pages:
            return
        anchors = [anchor(section.title) for section in self.pages[name].sections]
        wanted = url.fragment()
        self.open_page(name, anchors.index(wanted) if wanted in anchors else 0)
