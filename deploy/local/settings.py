"""What each process is told: its own secrets, the addresses it needs, nothing of its neighbours'.

Secrets are made once, at random, and kept in the data folder, readable by their owner alone. All
settings reach a process through its environment, as in production.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import OKPKey

from deploy.local.folders import keep_secret

SERVICES = ("invoicing", "payments", "dunning", "collections", "notifications", "gateway")
STANDINS = ("mail", "bank", "kronofogden")


@dataclass(frozen=True)
class Keys:
    """The secrets of one installation; the identity keys are JSON Web Keys, Ed25519."""

    identity_private: str
    identity_public: str
    link: str
    bank_feed: str
    bank: str
    kronofogden: str


@dataclass(frozen=True)
class Surroundings:
    """Where everything is; what each program is told follows from it."""

    keys: Keys
    ports: Mapping[str, int]
    database_urls: Mapping[str, str]
    bootstrap: str
    folder: Path
    demo: bool = True

    def url(self, name: str) -> str:
        """Where a service or a stand-in answers HTTP."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def of_service(self, name: str) -> dict[str, str]:
        """The whole environment of one service."""
        everybody = {
            f"{name.upper()}_DATABASE_URL": self.database_urls[name],
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "IDENTITY_PUBLIC_KEY": self.keys.identity_public,
            "PUBLIC_URL": self.url("gateway"),
            "BETALT_DEMO": "1" if self.demo else "0",
        }
        return everybody | self._own(name)

    def of_standin(self, name: str) -> dict[str, str]:
        """The whole environment of one stand-in: an outside party knows only its own dealings."""
        match name:
            case "bank":
                return {
                    "FEED_URL": f"{self.url('gateway')}/feeds/bank-files",
                    "BANK_FEED_TOKEN": self.keys.bank_feed,
                    "BANK_TOKEN": self.keys.bank,
                    "BANK_DROP_FOLDER": self._bank_drop,
                }
            case "kronofogden":
                return {"KRONOFOGDEN_TOKEN": self.keys.kronofogden}
            case _:
                return {}

    @property
    def _bank_drop(self) -> str:
        """Where the bank may leave files for payments."""
        return str(self.folder / "bank-drop")

    def _own(self, service: str) -> dict[str, str]:
        match service:
            case "gateway":
                places = (*SERVICES, *STANDINS)
                return {
                    "IDENTITY_PRIVATE_KEY": self.keys.identity_private,
                    "LINK_KEY": self.keys.link,
                    "BANK_FEED_TOKEN": self.keys.bank_feed,
                } | {f"{place.upper()}_URL": self.url(place) for place in places}
            case "payments":
                return {
                    "BANK_URL": self.url("bank"),
                    "BANK_TOKEN": self.keys.bank,
                    "BANK_DROP_FOLDER": self._bank_drop,
                }
            case "collections":
                return {
                    "KRONOFOGDEN_URL": self.url("kronofogden"),
                    "KRONOFOGDEN_TOKEN": self.keys.kronofogden,
                    "KRONOFOGDEN_POLL_SECONDS": "0.1",  # of its days, not of seconds, people wait
                }
            case "notifications":
                return {
                    "LINK_KEY": self.keys.link,
                    "SMTP_HOST": "127.0.0.1",
                    "SMTP_PORT": str(self.ports["smtp"]),
                }
            case _:
                return {}


def keep_keys(folder: Path) -> Keys:
    """The keys of the installation in this folder, made the first time."""
    made = OKPKey.generate_key("Ed25519").as_dict(private=True)
    identity = keep_secret(folder / "identity.jwk", json.dumps(made))
    return Keys(
        identity_private=identity,
        identity_public=json.dumps(OKPKey.import_key(json.loads(identity)).as_dict(private=False)),
        link=keep_secret(folder / "link-key"),
        bank_feed=keep_secret(folder / "bank-feed-token"),
        bank=keep_secret(folder / "bank-token"),
        kronofogden=keep_secret(folder / "kronofogden-token"),
    )
