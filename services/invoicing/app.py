"""Invoicing as an ASGI app: the only module that knows every other of this service."""

from fastapi import FastAPI

from plumbing.service import create_service
from services.invoicing.api import debtor, invoices, registers
from services.invoicing.settings import Settings
from services.invoicing.subscribers import HEARS


def create_app() -> FastAPI:
    """The service, configured by the environment."""
    return build(Settings())


def build(settings: Settings) -> FastAPI:
    """The service with given settings."""
    app = create_service(
        "invoicing",
        settings,
        hears=HEARS,
        routers=[registers.router, invoices.router, debtor.router],
    )
    app.state.issues = invoices.issuer(app.state.database, settings.payee_bankgiro)
    return app
