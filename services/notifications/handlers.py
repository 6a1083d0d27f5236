"""The room behind the doors: facts are kept, letters asked for, mail carried, ends written down.

Facts come in any order between topics. A letter is planned when it is asked for and again whenever
something it waited for is heard; it is written only when it leaves, with the newest address. As
long as its reader is the same it is the same bytes at each attempt, dated when it was asked for.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from contracts.envelope import Event
from contracts.ids import ClaimId
from contracts.invoicing import (
    CreditorChanged,
    CreditorRegistered,
    HandedToCollection,
    InvoiceCredited,
    InvoiceIssued,
    RecipientChanged,
    RecipientNamed,
)
from contracts.notifications import DeliveryOpened, Letter
from contracts.payments import ChargeReversed, DemandCharged, ReminderCharged
from plumbing import outbound
from plumbing.clock import SWEDISH
from plumbing.links import link_url
from plumbing.transaction import Database, Transaction
from services.notifications import domain, letters, store
from services.notifications.domain import Decision, Delivery, Outcome, Recipient, State
from services.notifications.smtp import (
    Mail,
    NotTakenError,
    PostOffice,
    build_message,
    is_address,
    one_line,
)

EMAIL = "email"
"""The kind of parcel that the SMTP server carries."""

ASKS: dict[Letter, type[Event]] = {
    Letter.INVOICE: InvoiceIssued,
    Letter.CREDIT_NOTE: InvoiceCredited,
    Letter.REMINDER: ReminderCharged,
    Letter.DEMAND: DemandCharged,
}
"""The event that asks for each kind of letter."""


async def register_creditors(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """Keep companies' names and let go the letters that waited for them."""
    await store.register_creditors(tx, events)
    await _release(tx, await store.waiting_of_creditors(tx, [e.creditor_id for e in events]))


async def change_creditors(tx: Transaction, events: Sequence[CreditorChanged]) -> None:
    """Keep companies' names as they are from now on."""
    await store.change_creditors(tx, events)
    await _release(tx, await store.waiting_of_creditors(tx, [e.creditor_id for e in events]))


async def name_recipients(tx: Transaction, events: Sequence[RecipientNamed]) -> None:
    """Keep who receives claims' letters and let go those that waited for it."""
    await store.name_recipients(tx, events)
    await _release(tx, await store.waiting_of_claims(tx, [e.claim_id for e in events]))


async def change_recipients(tx: Transaction, events: Sequence[RecipientChanged]) -> None:
    """Keep who receives claims' letters from now on; what failed to reach him goes once more."""
    await store.change_recipients(tx, events)
    claims = [event.claim_id for event in events]
    await _release(tx, await store.waiting_of_claims(tx, claims))
    await _ask_again(tx, await store.failed_of_claims(tx, claims))


async def keep_bases(tx: Transaction, events: Sequence[HandedToCollection]) -> None:
    """Keep what claims rest on, which their demands must say, and let go demands that waited."""
    await store.save_bases(tx, events)
    await _release(tx, await store.waiting_of_claims(tx, [e.claim_id for e in events]))


async def write_invoices(tx: Transaction, events: Sequence[InvoiceIssued]) -> None:
    """Ask for the letter with the link to each web invoice (R-64)."""
    overtakers = await store.save_invoices(tx, events)
    await _ask(tx, [(_asked(tx, Letter.INVOICE, event), b"") for event in events])
    if overtakers:
        await _release(tx, await store.waiting_of_claims(tx, overtakers))


async def write_credit_notes(tx: Transaction, events: Sequence[InvoiceCredited]) -> None:
    """Ask for the letter with each credit note."""
    await _ask(tx, [(_asked(tx, Letter.CREDIT_NOTE, e), e.payload()) for e in events])


async def write_reminders(tx: Transaction, events: Sequence[ReminderCharged]) -> None:
    """Ask for the letter of each reminder that was priced and booked."""
    asked = [(_asked(tx, Letter.REMINDER, e, e.ordinal), e.payload()) for e in events]
    await _ask(tx, asked)


async def write_demands(tx: Transaction, events: Sequence[DemandCharged]) -> None:
    """Ask for the letter of each demand that was priced and booked."""
    asked = [(_asked(tx, Letter.DEMAND, e, e.ordinal), e.payload()) for e in events]
    await _ask(tx, asked)


async def withdraw_letters(tx: Transaction, events: Sequence[ChargeReversed]) -> None:
    """Stop the letters of charges that were taken back, where they have not left."""
    charges = [
        (event.claim_id, domain.LETTER_OF[event.kind], event.ordinal)
        for event in events
        if event.kind in domain.LETTER_OF
    ]
    if charges:
        stopped = await store.lock_letters(tx, charges)
        await _carry_out(tx, [domain.withdraw(delivery, tx.today) for delivery in stopped])


async def send_again(tx: Transaction, delivery_id: UUID) -> Delivery | None:
    """Queue a letter that failed once more; None where it did not, or nothing would take it now."""
    asked = await _ask_again(tx, await store.failed_deliveries(tx, [delivery_id]))
    return asked[0] if asked else None


async def record_opening(tx: Transaction, claim_id: ClaimId) -> None:
    """Write down that the web invoice was opened; said once for each claim (R-65)."""
    creditor_id = await store.record_opening(tx, claim_id, tx.today)
    if creditor_id is not None:
        opened = DeliveryOpened(claim_id=claim_id, creditor_id=creditor_id, opened_on=tx.today)
        tx.say([opened])


def _asked(tx: Transaction, letter: Letter, event: Any, ordinal: int = 1) -> Delivery:
    cause = tx.causes[event.key].id
    return Delivery(
        delivery_id=domain.delivery_id_of(cause),
        claim_id=event.claim_id,
        creditor_id=event.creditor_id,
        cause_event=cause,
        letter=letter,
        asked_on=tx.today,
        ordinal=ordinal,
    )


async def _ask(tx: Transaction, asked: Sequence[tuple[Delivery, bytes]]) -> None:
    """Plan new letters with what is known; those that were asked for before stay as they are."""
    known = await store.read_known(tx, [(d.claim_id, d.creditor_id) for d, _ in asked])
    planned = [(_plan(tx, delivery, known[delivery.claim_id]), said) for delivery, said in asked]
    added = await store.add_deliveries(tx, [(plan.delivery, said) for plan, said in planned])
    await _tell(tx, [plan for plan, _ in planned if plan.delivery.delivery_id in added])


async def _release(tx: Transaction, waiting: Sequence[tuple[Delivery, store.Known]]) -> None:
    """Plan letters again that waited; those that still lack something go on waiting."""
    plans = [_plan(tx, delivery, known) for delivery, known in waiting]
    await _carry_out(tx, [p for p in plans if p.delivery.state is not State.WAITING])


def _plan(tx: Transaction, delivery: Delivery, known: store.Known) -> Decision:
    has_basis = known.has_basis or delivery.letter is not Letter.DEMAND
    if known.recipient and known.has_creditor and known.has_invoice and has_basis:
        return domain.dispatch(delivery, known.recipient, tx.today)
    return Decision(delivery)


async def _ask_again(
    tx: Transaction, failed: Sequence[tuple[Delivery, Recipient]]
) -> list[Delivery]:
    again = [domain.ask_again(delivery, recipient) for delivery, recipient in failed]
    asked = [delivery for delivery in again if delivery is not None]
    if asked:
        await store.ask_again(tx, asked)
        await _tell(tx, [Decision(delivery) for delivery in asked])
    return asked


async def _carry_out(tx: Transaction, decisions: Sequence[Decision]) -> None:
    await store.save_deliveries(tx, [decision.delivery for decision in decisions])
    await _tell(tx, decisions)


async def _tell(tx: Transaction, decisions: Sequence[Decision]) -> None:
    tx.say(event for decision in decisions for event in decision.says)
    queued = [d.delivery for d in decisions if d.delivery.state is State.QUEUED]
    await outbound.queue(tx, EMAIL, [(d.delivery_id, d.claim_id, b"") for d in queued])


async def settle(tx: Transaction, done: Sequence[tuple[outbound.Parcel, Outcome]]) -> None:
    """Write down how deliveries ended; from here on a letter that was taken counts as sent."""
    deliveries = await store.lock_deliveries(tx, [parcel.id for parcel, _ in done])
    decisions = [domain.conclude(deliveries[p.id], outcome, tx.today) for p, outcome in done]
    await store.save_deliveries(tx, [decision.delivery for decision in decisions])
    tx.say(event for decision in decisions for event in decision.says)


@dataclass
class MailRoom:
    """Writes queued letters and hands them to the SMTP server, outside any transaction."""

    database: Database
    post_office: PostOffice
    public_url: str
    link_key: str
    mail_domain: str
    payee_bankgiro: str
    payee_name: str
    collector: letters.Collector
    _asked: set[UUID] = field(default_factory=set)
    _reading: asyncio.Task[dict[UUID, store.OpenedMail]] | None = None

    async def carry(self, parcel: outbound.Parcel) -> Outcome:
        """Send one letter, or say why it may not leave; raises where it may go later.

        Whether an attempt before this one may have been taken is part of every answer.
        """
        mail = await self._read(parcel.id)
        doubtful = domain.is_doubtful(parcel.attempts, mail.delivery.refusals)
        said, about = _said(mail), self._about(mail)
        outcome = self._stopped(mail, about, said, doubtful)
        if outcome is None:
            outcome = await self._send(mail, letters.write(mail.delivery.letter, about, said))
        return replace(outcome, doubtful=doubtful)

    def _stopped(
        self, mail: store.OpenedMail, about: letters.About, said: Event, doubtful: bool
    ) -> Outcome | None:
        """What forbids a letter to leave: its queue, its reader, its day, or the law."""
        today = self.database.clock.today()
        told = said if isinstance(said, ReminderCharged | DemandCharged) else None
        stated = told.statement.pay_by if told else None
        stopped = domain.stopped_at_the_door(
            mail.delivery, mail.recipient, stated, today, doubtful=doubtful
        )
        if stopped or not isinstance(said, DemandCharged):
            return stopped
        if missing := letters.missing_from_demand(about, said.statement):
            lacks = f"the demand lacks {', '.join(missing)} (inkassolagen 5 §)"
            return Outcome(State.FAILED, lacks)
        total_ore, due_on = said.statement.total_ore, about.invoice.due_on
        return domain.barred(total_ore, due_on, today, told=mail.debtor_told)

    async def _send(self, mail: store.OpenedMail, written: letters.Written) -> Outcome:
        email = mail.recipient.email or ""
        if not is_address(email):
            return Outcome(State.FAILED, "the e-mail address cannot be used")
        sender = f"faktura@{self.mail_domain}"
        delivery = mail.delivery
        reply_to = mail.creditor_email
        if delivery.letter is Letter.DEMAND:
            reply_to = self.collector.email
        message = build_message(
            Mail(
                message_id=f"{delivery.delivery_id}@{self.mail_domain}",
                from_name=f"{one_line(mail.creditor_name)[:60]} via {letters.OPERATOR}",
                from_address=sender,
                to_name=one_line(mail.recipient.name)[:100],
                to_address=email,
                reply_to=reply_to if is_address(reply_to) else None,
                subject=written.subject,
                text=written.text,
                html=written.html,
                at=mail.asked_at.astimezone(SWEDISH),
                labels=(
                    ("X-Betalt-Letter", delivery.letter),
                    ("X-Betalt-Claim", str(delivery.claim_id)),
                ),
            )
        )
        try:
            await self.post_office.send(sender, email, message)
        except NotTakenError as refusal:
            if refusal.permanent:
                return Outcome(State.FAILED, refusal.reason)
            async with self.database.transaction() as tx:
                await store.count_refusal(tx, delivery.delivery_id)
            raise
        return Outcome(State.ACCEPTED)

    def _about(self, mail: store.OpenedMail) -> letters.About:
        claim_id, version = mail.delivery.claim_id, mail.recipient.link_version
        return letters.About(
            seller_name=one_line(mail.creditor_name),
            organisation_number=mail.organisation_number,
            seller_email=mail.creditor_email if is_address(mail.creditor_email) else None,
            recipient_name=one_line(mail.recipient.name),
            invoice=InvoiceIssued.model_validate_json(mail.invoice),
            basis=one_line(mail.basis),
            link=link_url(self.public_url, self.link_key, claim_id, version),
            payee_bankgiro=self.payee_bankgiro,
            payee_name=self.payee_name,
            collector=self.collector,
            written_on=mail.delivery.asked_on,
        )

    async def _read(self, delivery_id: UUID) -> store.OpenedMail:
        """One delivery's facts; those asked for in the same moment are read with one statement."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_together())
        self._asked.add(delivery_id)
        mails = await asyncio.shield(self._reading)
        if delivery_id not in mails:
            raise outbound.UndeliverableError(f"delivery {delivery_id} is not known")
        return mails[delivery_id]

    async def _read_together(self) -> dict[UUID, store.OpenedMail]:
        asked, self._asked, self._reading = self._asked, set(), None
        async with self.database.transaction() as tx:
            return await store.open_mails(tx, list(asked))


def _said(mail: store.OpenedMail) -> Event:
    """The event that asked for the letter, as it was said."""
    said = mail.invoice if mail.delivery.letter is Letter.INVOICE else mail.said
    return ASKS[mail.delivery.letter].model_validate_json(said)
