"""Invoicing: the seller's side of the house.

Owns: companies (creditors) and their settings, customers, articles, number series, invoices, credit
    notes, documents, each invoice's timeline and message thread.
Hears: payments about claims and payouts, dunning's proposal to collect, collections about cases and
    disputes, notifications about deliveries. Everything heard becomes a fact or a timeline entry.
Says: CreditorRegistered, CreditorChanged, InvoiceIssued, RecipientNamed, RecipientChanged,
    InvoiceCredited, HandedToCollection.
Waits for: nothing; it has no timers.
Never: counts money. What has been paid, and what remains, it knows by hearing alone.
"""
