"""The documentation within the program: contents, search, links."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices

from gaplisten import languages
from gaplisten.ui.help.manual import FIRST, Manual, anchor, pages


@pytest.fixture
def manual(qtbot):
    made = Manual()
    qtbot.addWidget(made)
    made.show()
    return made


def titles(item):
    return [item.child(place).text(0) for place in range(item.childCount())]


def seen(manual):
    """Return page and heading of each entry that is shown."""
    found = []

    def walk(item):
        if not item.isHidden():
            name, nth = item.data(0, Qt.ItemDataRole.UserRole)
            found.append((name, manual.pages[name].sections[nth].title))
            for place in range(item.childCount()):
                walk(item.child(place))

    for place in range(manual.contents.topLevelItemCount()):
        walk(manual.contents.topLevelItem(place))
    return found


def test_the_contents_are_the_headings_of_every_page_with_the_manual_first(manual):
    assert manual.contents.topLevelItem(0).text(0) == "Gaplisten: manual of the workbench"
    assert "Opening something" in titles(manual.contents.topLevelItem(0))
    assert {page.name for page in pages()} >= {
        FIRST,
        "concealers",
        "measures",
        "panels",
        "statistics",
        "sound",
    }
    assert "architecture" not in manual.pages


def test_a_comment_in_an_example_is_no_heading():
    concealers = next(page for page in pages() if page.name == "concealers")
    code = [line[2:] for line in concealers.markdown.splitlines() if line.startswith("# ")]
    headings = {section.title for section in concealers.sections}
    assert sum(section.level == 1 for section in concealers.sections) == 1
    assert code[0] in headings


def test_an_entry_shows_its_page_from_its_heading_on(manual, qtbot):
    item = manual.contents.topLevelItem(0).child(3)
    manual.contents.setCurrentItem(item)
    assert manual.text.textCursor().block().text() == item.text(0)
    assert manual.text.verticalScrollBar().value() > 0


def test_words_narrow_the_contents_to_sections_that_hold_them_all_and_are_marked(manual, qtbot):
    qtbot.keyClicks(manual.search, "audacity labels")
    found = seen(manual)
    assert 0 < len(found) < 30
    name, heading = found[-1]
    section = next(each for each in manual.pages[name].sections if each.title == heading)
    assert "audacity" in section.text
    qtbot.keyClick(manual.search, Qt.Key.Key_Return)
    assert manual.text.textCursor().selectedText().casefold() == "audacity"
    assert manual.text.extraSelections()
    manual.search.setText("xyzzy")
    assert seen(manual) == []
    assert manual.none.isVisible()
    manual.search.clear()
    assert len(seen(manual)) == sum(len(page.sections) for page in manual.pages.values())


def test_links_lead_to_headings_of_other_pages_and_never_to_other_files(manual, monkeypatch):
    outside = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: outside.append(url.toString()))
    heading = next(each for each in manual.pages["formats"].sections if each.level == 2)
    manual.text.anchorClicked.emit(QUrl(f"formats.md#{anchor(heading.title)}"))
    assert manual.shown == "formats"
    assert manual.text.textCursor().block().text() == heading.title
    manual.text.anchorClicked.emit(QUrl("../elsewhere/secret.md"))
    assert manual.shown == "formats"
    manual.text.anchorClicked.emit(QUrl("https://www.itu.int/"))
    assert outside == ["https://www.itu.int/"]


def test_every_link_between_pages_leads_to_a_heading():
    import re

    known = {page.name: {anchor(section.title) for section in page.sections} for page in pages()}
    dead = [
        (page.name, target)
        for page in pages()
        for target in re.findall(r"\]\((\w*\.?m?d?#[^)]+)\)", page.markdown)
        for name, _, fragment in [target.partition("#")]
        if fragment not in known.get(name.removesuffix(".md") or page.name, {fragment})
    ]
    assert dead == []


OTHERS = languages.window_codes()[1:]


def _parts(page):
    """Return what must be the same in every language: keys and names in code, and where links lead."""
    found = []
    for part in re.split(r"^#+ .*$", page.markdown, flags=re.MULTILINE)[1:]:
        code = re.findall(r"`([^`]+)`", part)
        found.append((Counter(code), Counter(re.findall(r"\]\(([^)]+)\)", part))))
    return found


@pytest.mark.parametrize("code", OTHERS)
def test_the_manual_of_a_language_has_the_same_parts_keys_and_links(code):
    english, own = (next(page for page in pages(of) if page.name == FIRST) for of in ("en", code))
    assert own.markdown != english.markdown
    assert [each.level for each in own.sections] == [each.level for each in english.sections]
    for heading, one, other in zip(own.sections, _parts(english), _parts(own), strict=True):
        assert one == other, heading.title


@pytest.mark.parametrize("code", OTHERS)
def test_the_manual_of_a_language_calls_menus_as_the_window_does(code):
    words = languages.window_words(code)
    said = {re.sub(r"&(?!&)|…$|\.\.\.$", "", text) for text in words.texts.values()}
    english, own = (next(page for page in pages(of) if page.name == FIRST) for of in ("en", code))
    paths = re.findall(r"\*([^*\n]+ > [^*\n]+)\*", own.markdown)
    assert len(paths) == len(re.findall(r"\*([^*\n]+ > [^*\n]+)\*", english.markdown))
    assert [path for path in paths for step in path.split(" > ") if step.rstrip("…") not in said] == []


def test_pages_that_a_language_lacks_say_so_first(monkeypatch):
    monkeypatch.setattr("gaplisten.ui.translation.words", lambda: languages.window_words("de"))
    found = {page.name: page for page in pages("de")}
    assert found[FIRST].title == "Gaplisten: Handbuch der Werkbank"
    assert found["panels"].markdown.startswith("*Diese Seite gibt es nur auf Englisch.*")
    assert "nur auf Englisch.*" not in found[FIRST].markdown
