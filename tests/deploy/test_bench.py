"""How seldom a bench looks at what it measures."""

from deploy.bench.platform_run import Waits


def test_readings_are_few_in_the_middle_and_close_to_each_other_at_the_end() -> None:
    """Each wait is half of what the rest will take at the pace since the last reading."""
    waits = Waits()
    growing = [waits.after(1_000, 0.0), waits.after(9_000, 0.5)]
    assert growing == [Waits.AS_LONG_AS_IT_GROWS] * 2
    assert waits.after(8_000, 1.0) == Waits.LONGEST
    assert waits.after(4_000, 3.0) == 1.0
    assert waits.after(1_000, 4.5) == 0.25
    assert waits.after(0, 4.75) == Waits.SHORTEST


def test_what_stands_still_is_asked_about_again_within_a_moment() -> None:
    waits = Waits()
    assert [waits.after(3, at) for at in (0.0, 1.0, 2.0)] == [Waits.AS_LONG_AS_IT_GROWS] * 3
