"""The one place where a fraction of an öre is turned into öre, and öre into whole kronor.

All money is integer öre and all arithmetic before this point is exact; no floating point number
ever meets an amount. "Half up" here means half *away from zero*, so that a credit note is the exact
mirror of its invoice.
"""

from decimal import Decimal

ORE_PER_KRONA = 100


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return the quotient as the nearest whole number; exactly half goes away from zero.

    `divide_half_up(5, 2)` is 3 and `divide_half_up(-5, 2)` is -3. The denominator must be positive.
    """
    if denominator <= 0:
        raise ValueError(f"the denominator must be positive, not {denominator}")
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def multiply_half_up(quantity: Decimal, unit_price_ore: Decimal | int) -> int:
    """Return quantity times unit price in öre, multiplied exactly and rounded once, half up."""
    quantity_over, quantity_under = quantity.as_integer_ratio()
    price_over, price_under = unit_price_ore.as_integer_ratio()
    return divide_half_up(quantity_over * price_over, quantity_under * price_under)


def krona_rounding_ore(amount_ore: int) -> int:
    """Return what must be added to reach whole kronor (*öresavrundning*): between -49 and 50 öre.

    Lag (1970:1029) 2 §: 1–49 öre are rounded down, 50–99 öre up. The difference bears no VAT.
    """
    return divide_half_up(amount_ore, ORE_PER_KRONA) * ORE_PER_KRONA - amount_ore
