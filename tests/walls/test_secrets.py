"""Secrets: a house that was given a bad one does not open, and says which without saying it."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey
from pydantic import ValidationError

from plumbing.settings import ServiceSettings
from services.gateway.settings import Settings
from services.notifications.settings import Settings as LettersSettings
from tests.askers import PUBLIC_KEY
from tests.walls.gateway import LINK_KEY, PRIVATE_KEY
from tests.walls.services import NOWHERE

CURVES = {
    "another curve's": json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)),
    "another kind's": json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
    "a short one": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}),
}
NO_KEYS = {"none": "", "no JSON": "hemligt-nog-kanske", "a list": "[]", "empty": "{}", **CURVES}


def gateway_settings(**given: Any) -> Settings:
    """Settings of a gateway."""
    told: dict[str, Any] = {"identity_private_key": PRIVATE_KEY, "link_key": LINK_KEY}
    return Settings(**(told | {"betalt_demo": True} | given))


@pytest.mark.parametrize("key", [*NO_KEYS.values(), PUBLIC_KEY], ids=[*NO_KEYS, "the public one"])
def test_the_gateway_does_not_open_without_a_private_key(key: str) -> None:
    """Sessions are sealed with what follows from it: from nothing, anybody could follow it."""
    with pytest.raises(ValidationError, match="identity_private_key"):
        gateway_settings(identity_private_key=key)
    gateway_settings()


@pytest.mark.parametrize("key", [*NO_KEYS.values(), PRIVATE_KEY], ids=[*NO_KEYS, "the private one"])
def test_a_service_opens_with_the_public_key_alone(key: str) -> None:
    """Whoever holds the private one could say that he is anybody."""
    with pytest.raises(ValidationError, match="identity_public_key"):
        ServiceSettings(database_url=NOWHERE, identity_public_key=key)
    ServiceSettings(database_url=NOWHERE, identity_public_key=PUBLIC_KEY)


def test_a_secret_that_is_refused_is_not_shown() -> None:
    """The refusal ends in a log and on the terminal."""
    with pytest.raises(ValidationError) as gateway:
        gateway_settings(link_key="kort-men-hemlig", identity_private_key=NO_KEYS["no JSON"])
    with pytest.raises(ValidationError) as letters:
        LettersSettings(
            NOTIFICATIONS_DATABASE_URL=NOWHERE,
            identity_public_key=PRIVATE_KEY,
            link_key="kort-men-hemlig",
        )
    own = json.loads(PRIVATE_KEY)["d"]
    for told in (str(gateway.value), str(letters.value)):
        assert "link_key" in told
        assert not any(secret in told for secret in ("hemlig", own))
