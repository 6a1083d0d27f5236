"""dunning (*påminnelser*): when an unpaid claim is reminded of, and when it goes to collection.

Owns: each creditor's reminder policy, pauses, and where each claim stands on the ladder: due, one
    reminder, proposed for collection.
Hears: CreditorRegistered, InvoiceIssued; PaymentAllocated, ClaimSettled, ClaimReopened,
    ReminderCharged, ChargeRefused, ChargeReversed; ClaimDisputed, DisputeSettled; CaseOpened;
    DeliveryAccepted, DeliveryStale. Not DeliveryFailed: what was not accepted is not sent, and a
    reminder's charge is reversed then. Not InvoiceCredited: only a credit that settles matters, and
    that is ClaimSettled. Not ChargeDeferred: the proposal stands, and payments answers it once it
    can be priced.
Says: ReminderProposed, CollectionProposed.
Waits for: the invoice to be sent; the reminder day; payments' answer to a proposal; the reminder to
    be sent; the reminder's own date; the end of a dispute or of a pause.
Never: decides what a claim amounts to, sends a letter, reminds twice (R-100), or moves against
    somebody who was never sent the invoice.
"""
