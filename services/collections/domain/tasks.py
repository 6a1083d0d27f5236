"""When a person's task about a case has become pointless, because the case went on by itself."""

from collections.abc import Callable, Mapping

from services.collections.domain.cases import Case, Stage

OVER: Mapping[str, Callable[[Case], bool]] = {
    "withdrawal_overdue": lambda case: case.stage is Stage.CLOSED,
    "demand_undeliverable": lambda case: case.stage is not Stage.UNDELIVERABLE,
    "payment_order_application_refused": lambda case: case.stage is not Stage.REFUSED,
    "application_uncertain": lambda case: not case.attempted or case.filed_on is not None,
    "enforcement_too_early": lambda case: case.stage is not Stage.DECIDED,
    "claim_barred": lambda case: case.stage is not Stage.AWAITS_CREDITOR,
}
"""Kinds of task that end by themselves; all others end when an operator says so."""


def over(case: Case) -> list[str]:
    """The kinds of task about this case that nobody needs to do any more."""
    return [kind for kind, is_over in OVER.items() if is_over(case)]
