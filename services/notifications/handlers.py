"""The room behind the doors: facts are kept, letters asked for, mail carried, ends written down.

Facts come in any order between topics. A letter is planned when it is asked for and again whenever
something it waited for is heard; it is written only when it leaves, with the newest address.
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
from services.notifications.domain import Decision, Delivery, Outcome, State
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
    """Keep who receives claims' letters from now on."""
    await store.change_recipients(tx, events)
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
    if known.recipient and known.has_creditor and known.has_invoice:
        return domain.dispatch(delivery, known.recipient, tx.today)
    return Decision(delivery)


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
    _asked: set[UUID] = field(default_factory=set)
    _reading: asyncio.Task[dict[UUID, store.OpenedMail]] | None = None

    async def carry(self, parcel: outbound.Parcel) -> Outcome:
        """Send one letter, or say why it may not leave; raises where it may go later."""
        mail = await self._read(parcel.id)
        said = _said(mail)
        demand = said if isinstance(said, DemandCharged) else None
        stopped = domain.stopped_at_the_door(
            mail.delivery,
            mail.recipient,
            demand.statement.pay_by if demand else None,
            self.database.clock.today(),
        )
        if stopped:
            return stopped
        about = self._about(mail)
        if demand and (missing := letters.missing_from_demand(about, demand.statement)):
            return Outcome(
                State.FAILED, f"the demand lacks {', '.join(missing)} (inkassolagen 5 §)"
            )
        doubtful = domain.is_doubtful(parcel.attempts, mail.delivery.refusals)
        outcome = await self._send(mail, letters.write(mail.delivery.letter, about, said))
        return replace(outcome, doubtful=doubtful)

    async def _send(self, mail: store.OpenedMail, written: letters.Written) -> Outcome:
        email = mail.recipient.email or ""
        if not is_address(email):
            return Outcome(State.FAILED, "the e-mail address cannot be used")
        sender = f"faktura@{self.mail_domain}"
        delivery = mail.delivery
        reply_to = mail.creditor_email if is_address(mail.creditor_email) else None
        message = build_message(
            Mail(
                message_id=f"{delivery.delivery_id}@{self.mail_domain}",
                from_name=f"{one_line(mail.creditor_name)[:60]} via {letters.OPERATOR}",
                from_address=sender,
                to_name=one_line(mail.recipient.name)[:100],
                to_address=email,
                reply_to=None if delivery.letter is Letter.DEMAND else reply_to,
                subject=written.subject,
                text=written.text,
                html=written.html,
                at=self.database.clock.now().astimezone(SWEDISH),
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
            recipient_name=one_line(mail.recipient.name),
            invoice=InvoiceIssued.model_validate_json(mail.invoice),
            link=link_url(self.public_url, self.link_key, claim_id, version),
            payee_bankgiro=self.payee_bankgiro,
            today=self.database.clock.today(),
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
