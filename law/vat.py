"""Value added tax on an invoice (*mervärdesskatt*), mervärdesskattelagen (2023:200).

The tax is computed once per rate, on the sum of the rows' net amounts at that rate, and rounded
once per rate; a tax computed row by row would differ from what the seller declares.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.terms import VatSum
from law.rounding import divide_half_up, krona_rounding_ore

# Mervärdesskattelagen (2023:200) 9 kap.: 25 % in general (2 §), 12 % and 6 % for listed goods and
# services; 0 stands for exempt and foreign supplies. The category decides which rate a good has on
# its delivery date, not this module.
VAT_RATES_PERCENT = (25, 12, 6, 0)

# Mervärdesskattelagen (2023:200) 17 kap. 26 §: up to this total, VAT included, an invoice may be
# simplified (28 §), and then need not state the buyer's name and address (24 § p. 6).
SIMPLIFIED_INVOICE_MAX_ORE = 4_000_00


class UnknownVatRateError(ValueError):
    """A rate that mervärdesskattelagen does not have."""

    def __init__(self, rate_percent: int) -> None:
        super().__init__(f"{rate_percent} % is not a Swedish VAT rate; there are 25, 12, 6 and 0")
        self.rate_percent = rate_percent


@dataclass(frozen=True, slots=True)
class InvoiceTotal:
    """What an invoice comes to, in öre: net + VAT + rounding = total."""

    vat_sums: tuple[VatSum, ...]
    net_ore: int
    vat_ore: int
    rounding_ore: int
    total_ore: int


def vat_ore(net_ore: int, rate_percent: int) -> int:
    """Return the tax on a net amount, in öre, rounded half up."""
    if rate_percent not in VAT_RATES_PERCENT:
        raise UnknownVatRateError(rate_percent)
    return divide_half_up(net_ore * rate_percent, 100)


def vat_sums(rows: Iterable[tuple[int, int]]) -> tuple[VatSum, ...]:
    """Sum rows of (rate in percent, net in öre) into one `VatSum` per rate, highest rate first."""
    net_by_rate: dict[int, int] = {}
    for rate_percent, net_ore in rows:
        net_by_rate[rate_percent] = net_by_rate.get(rate_percent, 0) + net_ore
    return tuple(
        VatSum(
            rate_percent=rate_percent,
            base_ore=net_ore,
            vat_ore=vat_ore(net_ore, rate_percent),
        )
        for rate_percent, net_ore in sorted(net_by_rate.items(), reverse=True)
    )


def invoice_total(rows: Iterable[tuple[int, int]], *, whole_kronor: bool) -> InvoiceTotal:
    """Total rows of (rate in percent, net in öre); with `whole_kronor` no öre are left to pay."""
    sums = vat_sums(rows)
    net = sum(vat_sum.base_ore for vat_sum in sums)
    vat = sum(vat_sum.vat_ore for vat_sum in sums)
    rounding = krona_rounding_ore(net + vat) if whole_kronor else 0
    return InvoiceTotal(sums, net, vat, rounding, net + vat + rounding)
