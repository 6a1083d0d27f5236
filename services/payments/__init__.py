"""payments: every krona, and the ledger that judges what may be demanded.

Owns: the double-entry ledger, claims, charges, bank files, payments received, money that waits,
    payout accounts, payouts.
Hears: CreditorRegistered, CreditorChanged; InvoiceIssued, InvoiceCredited; ClaimDisputed,
    DisputeSettled; ReminderProposed, DemandProposed, FilingProposed, EnforcementProposed;
    CaseFiled, CaseWithdrawn, CaseClosed, EnforcementPaid; DeliveryAccepted, DeliveryFailed.
Says: ClaimOpened, PaymentAllocated, ClaimSettled; ReminderCharged, DemandCharged, FilingCharged,
    EnforcementCharged, ChargeRefused, ChargeDeferred, ChargeReversed; PaymentUnmatched,
    OverpaymentFound; PayoutOrdered, PayoutSettled, PayoutRejected.
Waits for: a claim to open (whatever is heard or received before it), a reference rate, a payout
    account, the bank's debit.
Never: sends a letter, knows a reminder's schedule, guesses which debt a payment was for.
"""
