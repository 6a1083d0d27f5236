"""Rounding, VAT sums and the order in which a payment meets a debt."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.terms import Component
from law.allocation import ORDER_OF_ALLOCATION, Stage, allocate
from law.rounding import divide_half_up, krona_rounding_ore, multiply_half_up
from law.vat import UnknownVatRateError, invoice_total, vat_ore


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (249, 100, 2),
        (250, 100, 3),
        (251, 100, 3),
        (-249, 100, -2),
        (-250, 100, -3),
        (-251, 100, -3),
        (0, 7, 0),
        (1, 2, 1),
        (-1, 2, -1),
    ],
)
def test_half_is_rounded_up_and_a_credit_mirrors_its_debit(
    numerator: int, denominator: int, expected: int
) -> None:
    assert divide_half_up(numerator, denominator) == expected


@given(st.integers(), st.integers(min_value=1))
def test_rounding_is_symmetrical_and_never_off_by_more_than_half(
    numerator: int, denominator: int
) -> None:
    found = divide_half_up(numerator, denominator)
    assert found == -divide_half_up(-numerator, denominator)
    assert 2 * abs(found * denominator - numerator) <= denominator


@pytest.mark.parametrize("denominator", [0, -1])
def test_rounding_needs_a_positive_denominator(denominator: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        divide_half_up(1, denominator)


QUANTITIES = st.decimals(min_value=-99999, max_value=99999, places=4)


@given(QUANTITIES, st.decimals(min_value=0, max_value=9_999_999, places=2))
def test_quantity_times_price_agrees_with_decimal_arithmetic(
    quantity: Decimal, price_ore: Decimal
) -> None:
    expected = (quantity * price_ore).quantize(Decimal(1), ROUND_HALF_UP)
    assert multiply_half_up(quantity, price_ore) == int(expected)


@pytest.mark.parametrize(
    ("amount_ore", "rounding_ore"),
    [
        (100_00, 0),
        (100_01, -1),
        (100_49, -49),
        (100_50, 50),
        (100_51, 49),
        (100_99, 1),
        (-100_50, -50),
        (-100_49, 49),
    ],
)
def test_1_to_49_ore_are_rounded_down_and_50_to_99_up(amount_ore: int, rounding_ore: int) -> None:
    """Lag (1970:1029) 2 §."""
    assert krona_rounding_ore(amount_ore) == rounding_ore


@pytest.mark.parametrize(
    ("rows", "vat", "total_ore", "rounded_ore", "rounding_ore"),
    [
        ([(25, 9_999_60)], [(25, 2_499_90)], 12_499_50, 12_500_00, 50),
        (
            [(25, 100_10), (12, 33_33), (6, 20_00)],
            [(25, 25_03), (12, 4_00), (6, 1_20)],
            183_66,
            184_00,
            34,
        ),
        ([(25, 79_90)], [(25, 19_98)], 99_88, 100_00, 12),
        ([(25, 40_33)], [(25, 10_08)], 50_41, 50_00, -41),
        ([(6, 1_000_00)], [(6, 60_00)], 1_060_00, 1_060_00, 0),
        # one rounding per rate: 3 x 0.10 at 25 % is 7.5 öre, not 3 x 2.5 rounded each
        ([(25, 10), (25, 10), (25, 10)], [(25, 8)], 38, 0, -38),
        ([(0, 500_00), (25, 100_00)], [(25, 25_00), (0, 0)], 625_00, 625_00, 0),
        ([(25, -79_90)], [(25, -19_98)], -99_88, -100_00, -12),  # a credit note
    ],
)
def test_vat_is_rounded_once_per_rate_and_the_total_to_whole_kronor(
    rows: list[tuple[int, int]],
    vat: list[tuple[int, int]],
    total_ore: int,
    rounded_ore: int,
    rounding_ore: int,
) -> None:
    """Mervärdesskattelagen (2023:200); lag (1970:1029) 2 §."""
    plain = invoice_total(rows, whole_kronor=False)
    assert [(s.rate_percent, s.vat_ore) for s in plain.vat_sums] == vat
    assert (plain.total_ore, plain.rounding_ore) == (total_ore, 0)
    rounded = invoice_total(rows, whole_kronor=True)
    assert (rounded.total_ore, rounded.rounding_ore) == (rounded_ore, rounding_ore)
    assert rounded.net_ore + rounded.vat_ore + rounded.rounding_ore == rounded.total_ore


@pytest.mark.parametrize("rate", [24, 26, -25, 1])
def test_a_rate_that_does_not_exist_is_refused(rate: int) -> None:
    with pytest.raises(UnknownVatRateError) as caught:
        vat_ore(100_00, rate)
    assert caught.value.rate_percent == rate


CAPITAL, FEE, INTEREST = Component.CAPITAL, Component.REMINDER_FEE, Component.INTEREST
DEMAND, FILING = Component.DEMAND_COST, Component.FILING_FEE
REMINDED = {CAPITAL: 1_000_00, FEE: 60_00, INTEREST: 4_11}
IN_COLLECTION = {**REMINDED, DEMAND: 180_00, FILING: 300_00}


@pytest.mark.parametrize(
    ("stage", "paid_ore", "debt", "parts", "overpaid_ore"),
    [
        # invoice and reminder: capital, reminder fee, interest last
        (Stage.INVOICE, 999_99, REMINDED, {CAPITAL: 999_99}, 0),
        (Stage.INVOICE, 1_000_00, REMINDED, {CAPITAL: 1_000_00}, 0),
        (Stage.INVOICE, 1_000_01, REMINDED, {CAPITAL: 1_000_00, FEE: 1}, 0),
        (Stage.INVOICE, 1_060_00, REMINDED, {CAPITAL: 1_000_00, FEE: 60_00}, 0),
        (Stage.INVOICE, 1_064_11, REMINDED, REMINDED, 0),
        (Stage.INVOICE, 1_064_12, REMINDED, REMINDED, 1),
        # case: costs, then interest, then capital (handelsbalken 9 kap. 5 §)
        (Stage.CASE, 100_00, IN_COLLECTION, {FILING: 100_00}, 0),
        (Stage.CASE, 500_00, IN_COLLECTION, {FILING: 300_00, DEMAND: 180_00, FEE: 20_00}, 0),
        (
            Stage.CASE,
            600_00,
            IN_COLLECTION,
            {FILING: 300_00, DEMAND: 180_00, FEE: 60_00, INTEREST: 4_11, CAPITAL: 55_89},
            0,
        ),
        (Stage.CASE, 1_544_11, IN_COLLECTION, IN_COLLECTION, 0),
        (Stage.CASE, 2_000_00, IN_COLLECTION, IN_COLLECTION, 455_89),
        (Stage.CASE, 50_00, {}, {}, 50_00),
        (Stage.INVOICE, 0, REMINDED, {}, 0),
    ],
)
def test_a_payment_meets_the_debt_in_the_order_of_its_stage(
    stage: Stage,
    paid_ore: int,
    debt: dict[Component, int],
    parts: dict[Component, int],
    overpaid_ore: int,
) -> None:
    found = allocate(paid_ore, debt, ORDER_OF_ALLOCATION[stage])
    assert found.parts_ore == parts
    assert found.overpaid_ore == overpaid_ore


def test_both_orders_name_every_component_once() -> None:
    for order in ORDER_OF_ALLOCATION.values():
        assert sorted(order) == sorted(Component)
    assert ORDER_OF_ALLOCATION[Stage.CASE][-2:] == (INTEREST, CAPITAL)


@given(
    st.integers(0, 10**9),
    st.dictionaries(st.sampled_from(Component), st.integers(0, 10**8)),
    st.permutations(list(Component)),
)
def test_no_ore_is_lost_and_no_component_is_overpaid(
    paid_ore: int, debt: dict[Component, int], order: list[Component]
) -> None:
    """A later component gets something only when all before it are paid in full."""
    found = allocate(paid_ore, debt, order)
    assert sum(found.parts_ore.values()) + found.overpaid_ore == paid_ore
    left = {c: debt.get(c, 0) - found.parts_ore.get(c, 0) for c in order}
    assert all(unpaid >= 0 for unpaid in left.values())
    assert found.overpaid_ore == 0 or not any(left.values())
    first_unpaid = next((i for i, c in enumerate(order) if left[c]), len(order))
    assert not any(c in found.parts_ore for c in order[first_unpaid + 1 :])


@pytest.mark.parametrize(
    ("paid_ore", "debt", "order"),
    [
        (-1, {CAPITAL: 100}, [CAPITAL]),
        (100, {CAPITAL: -1}, [CAPITAL]),
        (100, {CAPITAL: 100, FEE: 60}, [CAPITAL]),
        (100, {CAPITAL: 100}, [CAPITAL, CAPITAL]),
    ],
)
def test_an_allocation_that_could_lose_money_is_refused(
    paid_ore: int, debt: dict[Component, int], order: list[Component]
) -> None:
    with pytest.raises(ValueError, match=r"never negative|every open component"):
        allocate(paid_ore, debt, order)
