"""Puts payments together; the only module that knows every other."""

from fastapi import FastAPI

from plumbing.service import create_service
from services.payments import subscribers, timers
from services.payments.api import claims, ledger, rates, unmatched
from services.payments.settings import Settings

ROUTERS = (claims.router, ledger.router, rates.router, unmatched.router)


def create_app() -> FastAPI:
    """The service as its environment describes it."""
    settings = Settings()
    return create_service(
        "payments",
        settings,
        hears=subscribers.hears(settings.payee_bankgiro),
        wakes=timers.wakes(settings.payee_bankgiro),
        routers=ROUTERS,
    )
