"""Who owes the money, as far as the statutes distinguish debtors.

Räntelagen (1975:635) and lag (1981:739) treat a consumer, a business and a public body differently;
every rule that depends on it takes a `Debtor`. The values are the words used in events, so
`Debtor("consumer")` reads one.
"""

from enum import StrEnum


class Debtor(StrEnum):
    """The kind of debtor (*gäldenär*)."""

    CONSUMER = "consumer"  # konsument: for purposes mainly outside business
    BUSINESS = "business"  # näringsidkare
    PUBLIC_BODY = "public_body"  # myndighet eller annat offentligt organ
