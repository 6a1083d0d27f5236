"""The words in which readers of bank files tell: they live with the rules (`domain.incoming`)."""

from services.payments.domain.incoming import (
    NO_REFERENCE,
    BankFileError,
    Counts,
    Hold,
    IncomingPayment,
    OutgoingDebit,
    Problem,
    Reference,
    ReferenceKind,
    Statement,
    Sums,
    Validation,
    candidates,
)

__all__ = [
    "NO_REFERENCE",
    "BankFileError",
    "Counts",
    "Hold",
    "IncomingPayment",
    "OutgoingDebit",
    "Problem",
    "Reference",
    "ReferenceKind",
    "Statement",
    "Sums",
    "Validation",
    "candidates",
]
