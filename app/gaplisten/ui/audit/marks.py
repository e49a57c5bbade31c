"""Marks on the concealers' cards: what their audit found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QBoxLayout

from gaplisten.bench.audit_subjects import verdict_of
from gaplisten.concealers.findings import Audit
from gaplisten.ui.audit.dialog import number
from gaplisten.ui.widgets import QuietLabel
from gaplisten.ui.workbench.concealer_card import ConcealerCard
from gaplisten.ui.workbench.concealer_dock import ConcealerDock


class AuditMark(QuietLabel):
    """What the audits of one concealer say."""

    def show_audits(self, audits: Sequence[Audit]) -> None:
        """Say it: that the concealer lies, with what; or that it is what it declares."""
        lies = [finding for audit in audits for finding in audit.lies]
        measures = dict.fromkeys(finding.measure for finding in lies)
        self.set_warning(bool(lies))
        self.setText(f"! declares falsely: {', '.join(measures)}" if lies else "audited")
        self.setToolTip("\n".join(map(_told, audits)))
        self.setAccessibleDescription(self.toolTip())


def _told(audit: Audit) -> str:
    lines = [verdict_of(audit)]
    for one in audit.lies:
        declared, measured = number(one.declared, one.unit), number(one.measured, one.unit)
        lines.append(f"{one.measure}: declared {declared}, measured {measured}. {one.note}")
    return "\n".join(lines)


def mark_cards(dock: ConcealerDock, audits: Sequence[Audit]) -> None:
    """Mark the card of each concealer that was audited; the others lose their mark."""
    for name, card in dock.cards.items():
        own = [audit for audit in audits if audit.entry.name == name]
        mark = card.findChild(AuditMark)
        if own:
            (mark or _new_mark(card)).show_audits(own)
        elif mark is not None:
            mark.hide()
            mark.deleteLater()


def _new_mark(card: ConcealerCard) -> AuditMark:
    mark = AuditMark("", card, wrap=True)
    mark.setContentsMargins(20, 0, 0, 0)
    layout = card.layout()
    if isinstance(layout, QBoxLayout):
        layout.insertWidget(1, mark)
    return mark
