"""Notifications as a process: the only module that knows every other."""

import asyncio

from fastapi import FastAPI

from plumbing.outbound import CUT_OFF_BEFORE, Carrier, Parcel
from plumbing.service import create_service
from services.notifications import api, handlers
from services.notifications.domain import Outcome
from services.notifications.handlers import MailRoom
from services.notifications.letters import Collector
from services.notifications.settings import Settings
from services.notifications.smtp import Access, PostOffice, Security
from services.notifications.subscribers import HEARS


def collector_of(settings: Settings) -> Collector:
    """Who collects, as the settings say."""
    return Collector(
        name=settings.collector_name,
        address=settings.collector_address,
        phone=settings.collector_phone,
        email=settings.collector_email,
    )


def access_of(settings: Settings) -> Access:
    """How the mail server is spoken to, as the settings say."""
    password = settings.smtp_password
    return Access(
        Security(settings.smtp_security),
        settings.smtp_user,
        password.get_secret_value() if password else None,
        settings.smtp_ca_file,
    )


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI app; settings come from the environment unless given."""
    settings = settings or Settings()
    post_office = PostOffice(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_domain,
        settings.smtp_connections,
        access_of(settings),
        seconds=settings.outbound_lease_seconds - CUT_OFF_BEFORE,
    )

    async def carry(parcel: Parcel) -> Outcome:
        room: MailRoom = app.state.mail_room
        return await room.carry(parcel)

    async def hold_post_office(app: FastAPI) -> None:
        """Hang up when the service stops."""
        try:
            await asyncio.Event().wait()
        finally:
            await post_office.close()

    app = create_service(
        "notifications",
        settings,
        hears=HEARS,
        carriers={handlers.EMAIL: Carrier(carry, handlers.settle)},
        routers=[api.router],
        tasks=[hold_post_office],
    )
    app.state.mail_room = MailRoom(
        app.state.database,
        post_office,
        public_url=settings.public_url,
        link_key=settings.link_key,
        mail_domain=settings.mail_domain,
        payee_bankgiro=settings.payee_bankgiro,
        payee_name=settings.payee_name,
        collector=collector_of(settings),
    )
    return app
