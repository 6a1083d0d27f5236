"""Door 1: a message arrives. Payments are not heard: a letter asks nothing before it leaves."""

from contracts.envelope import Event
from contracts.invoicing import (
    CreditorChanged,
    CreditorRegistered,
    HandedToCollection,
    InvoiceCredited,
    InvoiceIssued,
    RecipientChanged,
    RecipientNamed,
)
from contracts.payments import ChargeReversed, DemandCharged, ReminderCharged
from plumbing.inbox import Handler
from services.notifications import handlers

HEARS: dict[type[Event], Handler] = {
    CreditorRegistered: handlers.register_creditors,
    CreditorChanged: handlers.change_creditors,
    RecipientNamed: handlers.name_recipients,
    RecipientChanged: handlers.change_recipients,
    InvoiceIssued: handlers.write_invoices,
    InvoiceCredited: handlers.write_credit_notes,
    HandedToCollection: handlers.keep_bases,
    ReminderCharged: handlers.write_reminders,
    DemandCharged: handlers.write_demands,
    ChargeReversed: handlers.withdraw_letters,
}
