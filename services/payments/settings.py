"""What payments reads from its environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from contracts.numbers import BIC, Iban
from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of payments."""

    database_url: str = Field(validation_alias="PAYMENTS_DATABASE_URL")
    database_direct_url: str | None = Field(
        default=None, validation_alias="PAYMENTS_DATABASE_DIRECT_URL"
    )
    payee_bankgiro: str = "991-2346"
    """The platform's client-money bankgiro, to which debtors pay."""
    client_bankgiros: tuple[str, ...] = ()
    """Further bankgiro numbers of client money."""
    client_accounts: tuple[str, ...] = ("54400000007",)
    """The client-money accounts beside `payer_iban`, as the bank writes them."""
    bank_url: str = "http://127.0.0.1:8030"
    """Where the bank takes payment orders."""
    bank_token: str | None = None
    """Our credential at the bank."""
    bank_feed_token: str | None = Field(default=None, min_length=16)
    """The bank's credential at our door for files."""
    bank_drop_folder: Path | None = None
    """A folder the bank may leave files in instead."""
    bank_books: Literal["camt.054", "camt.053"] = "camt.054"
    """Which message books payments; the other one only controls."""
    bank_file_most_bytes: int = 2 * 1024**3
    """The largest file that is taken."""
    payer_name: str = "Betalt Klientmedel AB"
    """Who holds the client-money account, as payment orders name it."""
    payer_town: str = "Stockholm"
    """Where it has its seat."""
    payer_id: str = "5566778899"
    """Organisation number, or the customer number that the bank wants in payment orders."""
    payer_iban: Iban = "SE3550000000054910000003"
    """The client-money account that payouts are paid from."""
    payer_bic: str = Field(default="ESSESESS", pattern=BIC)
    """Its bank."""
    bank_profile: Literal["neutral", "seb", "swedbank"] = "neutral"
    """What our bank wants differently in payment orders."""
    ledger_check_seconds: float = Field(default=60, gt=0)
    """How often the ledger is checked at most; a large one is checked more seldom."""
