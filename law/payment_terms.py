"""How long a buyer may be given to pay, räntelagen (1975:635) 2 a–2 c §§, wording SFS 2013:55.

The rules protect the creditor: a business may have more than thirty days only if the creditor
expressly approved it, a public body never. A creditor that itself prints a longer time on its own
invoice has approved it, so against a business this yields a hint and no refusal. Consumers and
instalment plans (2 c §) are outside.
"""

from enum import StrEnum

from contracts.terms import DebtorKind

# Räntelagen (1975:635) 2 a, 2 b §§, wording SFS 2013:55: days after the creditor demanded payment.
LONGEST_PAYMENT_DAYS = 30


class LongTerm(StrEnum):
    """What a payment time above thirty days means."""

    NEEDS_APPROVAL = "needs_approval"  # 2 a §: the creditor must expressly approve it
    NOT_ALLOWED = "not_allowed"  # 2 b §: never towards a public body


def long_payment_term(
    term_days: int,
    debtor: DebtorKind,
    *,
    public_body: bool = False,
    instalment_plan: bool = False,
) -> LongTerm | None:
    """Return what is special about the payment time, None if nothing."""
    if term_days <= LONGEST_PAYMENT_DAYS or debtor is DebtorKind.CONSUMER or instalment_plan:
        return None
    return LongTerm.NOT_ALLOWED if public_body else LongTerm.NEEDS_APPROVAL
