"""Fields take a point and a comma alike, whatever the desktop, and keep still under a passing wheel."""

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from gaplisten.concealers.entries import Parameter
from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.workbench.parameter_form import ParameterForm


@pytest.fixture
def german():
    before = QLocale()
    QLocale.setDefault(QLocale("de_DE"))
    yield
    QLocale.setDefault(before)


def _turn(widget):
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(widget.mapToGlobal(widget.rect().center())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize("typed", ["0.9", "0,9", ".9", ",9"])
def test_on_a_german_desktop_a_typed_point_and_a_comma_make_the_same_parameter(german, qtbot, typed):
    form = ParameterForm((Parameter("gain", "float", 0.5, 0.0, 1.0),))
    qtbot.addWidget(form)
    field, changes = form.fields["gain"], []
    form.show_values({})
    form.changed.connect(lambda *change: changes.append(change))
    field.selectAll()
    QTest.keyClicks(field, typed)
    field.interpretText()
    assert (field.value(), field.text(), changes) == (0.9, "0.9", [("gain", 0.9)])


def test_a_number_that_may_be_left_out_takes_a_comma_too(german, qtbot):
    form = ParameterForm((Parameter("gain", "float", None, optional=True),))
    qtbot.addWidget(form)
    changes = []
    form.changed.connect(lambda *change: changes.append(change))
    form.fields["gain"].setText("0,25")
    form.fields["gain"].editingFinished.emit()
    assert changes == [("gain", 0.25)]


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (16.0, 3, "16 ms"),
        (0.3, 3, "0.3 ms"),
        (7.125, 3, "7.125 ms"),
        (1000.0, 0, "1000 ms"),
        (-0.0, 1, "0 ms"),
    ],
)
def test_no_number_can_be_read_as_a_thousand_times_itself(german, qtbot, value, decimals, shown):
    field = NumberField(minimum=-1000.0, maximum=5000.0, decimals=decimals, suffix=" ms")
    qtbot.addWidget(field)
    field.setValue(value)
    assert field.text() == shown


def test_the_wheel_turns_only_a_field_that_has_the_focus(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    number, whole, choice = (NumberField(window, value=5), WholeField(window, value=5), ChoiceField(window))
    choice.addItems(["one", "two", "three"])
    choice.setCurrentIndex(1)
    layout = QVBoxLayout(window)
    for field in (number, whole, choice):
        layout.addWidget(field)
    with qtbot.waitActive(window):
        window.show()
    window.setFocus()
    for field in (number, whole, choice):
        _turn(field)
        assert not field.hasFocus(), "nor does it bring the focus"
    assert (number.value(), whole.value(), choice.currentIndex()) == (5.0, 5, 1)
    for field in (number, whole, choice):
        field.setFocus()
        _turn(field)
    assert (number.value(), whole.value(), choice.currentIndex()) == (6.0, 6, 0)
