"""The topics: one per aggregate, all listed here, created by `betalt topics` and never by use."""

from dataclasses import dataclass

PARTITIONS = 12
"""Equal on every topic, so that a claim lies in the same partition number everywhere."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic. `restricted` ones carry personal data: own access rights, short retention."""

    name: str
    key: str
    restricted: bool = False
    partitions: int = PARTITIONS

    @property
    def retention_ms(self) -> int:
        """Real milliseconds that a record is kept; the archive of what was said reaches further."""
        return (2 if self.restricted else 7) * DAY_MS


TOPICS = (
    Topic("invoicing.creditors", key="creditor", restricted=True),
    Topic("invoicing.invoices", key="claim"),
    Topic("invoicing.recipients", key="claim", restricted=True),
    Topic("invoicing.handovers", key="claim", restricted=True),
    Topic("payments.claims", key="claim"),
    Topic("payments.receipts", key="payment"),
    Topic("payments.payouts", key="creditor"),
    Topic("dunning.reminders", key="claim"),
    Topic("collections.cases", key="claim"),
    Topic("collections.disputes", key="claim"),
    Topic("notifications.deliveries", key="claim"),
)
