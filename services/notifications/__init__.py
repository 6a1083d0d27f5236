"""The card of notifications.

Owns: letters and what became of each (deliveries), and that a web invoice was opened.
Hears: CreditorRegistered, CreditorChanged, RecipientNamed, RecipientChanged, InvoiceIssued,
    InvoiceCredited, ReminderCharged, DemandCharged, ChargeReversed.
Says: DeliveryAccepted, DeliveryOpened, DeliveryFailed, DeliveryStale.
Waits for: a letter waits until the invoice, its recipient and the creditor's name are known,
    whichever comes last; a queued letter waits for the SMTP server.
Never: computes an amount, decides that a letter is due, asks another service, or calls a letter
    sent before the channel took it.
"""
