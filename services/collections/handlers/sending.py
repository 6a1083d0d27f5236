"""Kronofogden: what leaves, what certainly did not, its receipts, and its numbered news."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.ids import ClaimId
from plumbing.clock import real_now
from plumbing.outbound import Parcel
from plumbing.transaction import Transaction
from services.collections import store
from services.collections.domain import news as rules
from services.collections.domain import sending
from services.collections.domain.cases import Case, Decision, Task
from services.collections.domain.sending import Receipt
from services.collections.handlers.carrying import carry_out


class TooSoonError(Exception):
    """An earlier attempt may still arrive: neither send nor drop, come again."""


@dataclass(frozen=True, slots=True)
class Going:
    """What leaves now; `first` where no earlier attempt can have reached Kronofogden."""

    body: bytes
    first: bool


async def look_again(tx: Transaction, parcel: Parcel) -> Going | None:
    """Just before a sending, under the case's lock: what goes; None where nothing does.

    That an application is being sent is written first, for from then on it can only be withdrawn.
    Raises `TooSoonError`.
    """
    known = await store.lock_cases(tx, [ClaimId(parcel.key)])
    case = known.get(ClaimId(parcel.key))
    if case is None:
        return None
    look = sending.look_again(case, json.loads(parcel.body), real_now())
    if look.too_soon:
        raise TooSoonError
    if look.case != case:
        await store.save_cases(tx, [look.case])
    if look.message is None:
        return None
    return Going(json.dumps(look.message, ensure_ascii=False).encode(), not case.attempted)


async def take_back_attempt(tx: Transaction, parcel: Parcel, *, first: bool) -> None:
    """No connection came about: nothing left us."""
    known = await store.lock_cases(tx, [ClaimId(parcel.key)])
    message = json.loads(parcel.body)
    decisions = [
        sending.hear_not_sent(case, message, first=first, today=tx.today) for case in known.values()
    ]
    await carry_out(tx, decisions)


async def settle_messages(
    tx: Transaction, carried: Sequence[tuple[Parcel, Receipt | None]]
) -> None:
    """Kronofogden's receipts, one per case; None for a message that was dropped."""
    known = await store.lock_cases(tx, [ClaimId(parcel.key) for parcel, _ in carried])
    decisions = [
        sending.hear_receipt(known[ClaimId(parcel.key)], json.loads(parcel.body), receipt, tx.today)
        for parcel, receipt in carried
        if parcel.key in known
    ]
    await carry_out(tx, decisions)


async def hear_news(tx: Transaction, after: int, found: Sequence[object]) -> bool:
    """Act on Kronofogden's messages, once each; a number heard before changes nothing.

    What cannot be read becomes a person's task. False where not even a number could be: then the
    same would come again, and the caller should wait.
    """
    if await store.news_heard(tx, lock=True) != after:
        return True  # another process heard them meanwhile
    numbered = [(rules.number_of(one, after), one) for one in found]
    known = await store.lock_numbers(tx, [_reference(one) for _, one in numbered])
    decisions: list[Decision] = []
    strange: list[tuple[Case | None, Task]] = []
    for number, one in numbered:
        case = known.get(_reference(one))
        if number is None or not isinstance(one, Mapping):
            strange.append((case, Task("unreadable_news", _name(one))))
        elif case is None:
            strange.append((None, Task("news_of_unknown_case", f"message {number}")))
        elif (decision := _decided(tx, case, one)) is None:
            strange.append((case, Task("unreadable_news", f"message {number}")))
        else:
            known[case.number] = decision.case
            decisions.append(decision)
    await store.add_tasks(tx, strange)
    numbers = [number for number, _ in numbered if number is not None]
    if numbers:
        await store.move_news(tx, max(numbers))
    await carry_out(tx, decisions)
    return bool(numbers)


async def note_trouble(tx: Transaction, kind: str) -> None:
    """Kronofogden's door answers what nobody can read: one open task tells so."""
    await store.add_tasks(tx, [(None, Task(kind))])


def _decided(tx: Transaction, case: Case, news: Mapping[str, Any]) -> Decision | None:
    try:
        return rules.hear_news(case, news, tx.today)
    except (KeyError, TypeError, ValueError):
        return None


def _reference(news: object) -> str:
    found = news.get("reference") if isinstance(news, Mapping) else None
    return found if isinstance(found, str) else ""


def _name(news: object) -> str:
    """What a message calls itself, to tell one from another."""
    found = news.get("messageId") if isinstance(news, Mapping) else None
    return found[:100] if isinstance(found, str) else "no number"
