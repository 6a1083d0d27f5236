"""The card of notifications.

Owns: letters and what became of each (deliveries), and that a web invoice was opened.
Hears: CreditorRegistered, CreditorChanged, RecipientNamed, RecipientChanged, InvoiceIssued,
    InvoiceCredited, HandedToCollection (what a claim rests on, nothing else of it),
    ReminderCharged, DemandCharged, ChargeReversed.
Says: DeliveryAccepted, DeliveryOpened, DeliveryFailed, DeliveryStale.
Waits for: a letter waits until the invoice, its recipient and the creditor's name are known, a
    demand also for the hand-over, whichever comes last; a queued letter waits for the SMTP server;
    a failed invoice or credit note waits for other contact details.
Never: computes an amount, decides that a letter is due, asks another service, or calls a letter
    sent before the channel took it.
"""
