"""Puts payments together; the only module that knows every other."""

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI
from sqlalchemy import text

from plumbing.outbound import Carrier
from plumbing.service import Task, create_service
from services.payments import pain001, subscribers, timers
from services.payments.api import (
    attention,
    bank_files,
    claims,
    kronofogden,
    ledger,
    overpaid,
    payouts,
    rates,
    unmatched,
)
from services.payments.bank import Bank
from services.payments.handlers import checking
from services.payments.handlers import payouts as paying
from services.payments.handlers.bank_files import BankFiles
from services.payments.handlers.drop_folder import DropFolder
from services.payments.handlers.entries import ours
from services.payments.handlers.intake import Rules
from services.payments.settings import Settings

ROUTERS = (
    claims.router,
    ledger.router,
    rates.router,
    unmatched.router,
    overpaid.router,
    attention.router,
    kronofogden.router,
    bank_files.router,
    payouts.router,
)
UNFINISHED = {
    "bank_files": text("select count(*) from bank_file where state not in ('booked', 'refused')")
}
PROFILES = {"neutral": pain001.NEUTRAL, "seb": pain001.SEB, "swedbank": pain001.SWEDBANK}


def create_app() -> FastAPI:
    """The service as its environment describes it."""
    return build(Settings())


def build(settings: Settings) -> FastAPI:
    """The service with these settings."""
    order = partial(paying.order_payouts, payer=_payer(settings))
    bank = Bank(settings.bank_url, settings.bank_token)
    app = create_service(
        "payments",
        settings,
        hears=subscribers.hears(settings.payee_bankgiro),
        wakes={**timers.wakes(settings.payee_bankgiro), paying.TIMER: order},
        carriers={paying.PAYMENT_ORDER: Carrier(bank.order, paying.hear_answers)},
        routers=ROUTERS,
        tasks=_tasks(settings),
        unfinished=UNFINISHED,
    )
    own = ours(
        [settings.payee_bankgiro, *settings.client_bankgiros],
        [settings.payer_iban, *settings.client_accounts],
    )
    rules = Rules(settings.bank_books, settings.bank_file_most_bytes, own)
    app.state.bank_files = BankFiles(app.state.database, rules)
    if settings.bank_drop_folder is not None:
        app.state.drop_folder = DropFolder(settings.bank_drop_folder, app.state.bank_files)
        app.state.unfinished["dropped_files"] = app.state.drop_folder.waiting
    return app


async def work_through_bank_files(app: FastAPI) -> None:
    """Control and book what the bank has sent, for ever."""
    await app.state.bank_files.run()


async def watch_drop_folder(app: FastAPI) -> None:
    """Take what the bank leaves in its folder, for ever."""
    await app.state.drop_folder.run()


async def check_ledger(app: FastAPI) -> None:
    """Look whether the ledger is right, for ever."""
    state = app.state
    seconds = state.settings.ledger_check_seconds
    await checking.keep_checking(state.database, state.alarms, seconds=seconds)


def _tasks(settings: Settings) -> Sequence[Task]:
    watched = settings.bank_drop_folder is not None
    return (work_through_bank_files, check_ledger, *((watch_drop_folder,) if watched else ()))


def _payer(settings: Settings) -> paying.Payer:
    debtor = pain001.Debtor(
        name=settings.payer_name,
        town=settings.payer_town,
        id=settings.payer_id,
        iban=settings.payer_iban,
        bic=settings.payer_bic,
        bankgiro=settings.payee_bankgiro.replace("-", ""),
    )
    return paying.Payer(debtor, PROFILES[settings.bank_profile])
