"""A gateway in front of the fake world, and somebody who asks it over real HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import OKPKey

from plumbing.identity import Keys
from services.gateway.app import create_app
from services.gateway.settings import SERVICES, Settings
from tests.gateway.fakes import World, running
from tests.gateway.served import served

FEED_TOKEN = "the-bank-knows-this"
LINK_KEY = "links are made of this, and of nothing else"


def private_key() -> str:
    """A fresh identity key."""
    return json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))


def settings_for(url: str, key: str, **given: Any) -> Settings:
    """Settings of a gateway whose services are all the fake."""
    places = {f"{name}_url": f"{url}/{name}" for name in (*SERVICES, "bank", "kronofogden")}
    base: dict[str, Any] = {
        "identity_private_key": key,
        "link_key": LINK_KEY,
        "betalt_demo": True,
        "bank_feed_token": FEED_TOKEN,
        "log_level": "ERROR",
    }
    return Settings(**(base | places | given))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Everything behind the gateway."""
    async with running(Keys(private_key())) as found:
        yield found


@pytest.fixture
async def gateway(world: World) -> AsyncIterator[str]:
    """The address of a gateway before that world."""
    app = create_app(settings_for(world.url, world.keys.jwk))
    async with served(app) as url:
        await app.state.releasing  # it asks once whether anybody is held
        world.calls.clear()
        yield url


@pytest.fixture
async def browser(gateway: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser without a session; it keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(gateway, cookie_jar=jar) as session:
        yield session
