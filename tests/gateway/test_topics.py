"""The operator's table of topics: how fast each is spoken on, how far its hearers are."""

from typing import Any

from services.gateway.operations.overview import Rates, rates_between, topic_rows


def numbers(heard: int, sent_on: dict[str, int], lag: dict[str, int] | None = None) -> Any:
    return {
        "relay": {"sent": sum(sent_on.values()), "sent_on": sent_on},
        "inbox": {"heard": heard, "lag": lag},
    }


def test_each_topic_has_its_own_rate() -> None:
    """Two topics of one service are not told as one."""
    before = {"payments": numbers(10, {"payments.claims": 100, "payments.payouts": 7})}
    now = {"payments": numbers(30, {"payments.claims": 150, "payments.payouts": 7})}
    rates = rates_between(before, now, 2.0)
    assert (rates["payments"].said, rates["payments"].heard) == (25.0, 10.0)
    said = {row.name: row.said for row in topic_rows(now, rates) if row.owner == "payments"}
    assert said["payments.claims"] == 25.0
    assert said["payments.payouts"] == 0.0


def test_a_topic_first_spoken_on_since_the_last_reading_has_a_rate() -> None:
    before = {"dunning": numbers(0, {})}
    now = {"dunning": numbers(0, {"dunning.reminders": 4})}
    assert rates_between(before, now, 1.0)["dunning"].topics == {"dunning.reminders": 4.0}


def test_a_service_that_is_away_or_began_anew_has_no_rate() -> None:
    """Counters begin at nought when a process starts: that is no negative speed."""
    before = {"payments": numbers(10, {"payments.claims": 100}), "dunning": None}
    now = {"payments": numbers(0, {}), "dunning": numbers(0, {}), "collections": None}
    rates = rates_between(before, now, 1.0)
    assert rates == {"payments": Rates(), "dunning": Rates(), "collections": Rates()}
    assert {row.said for row in topic_rows(now, rates)} == {None}


def test_a_topic_tells_how_far_each_hearer_is_behind() -> None:
    """R-133."""
    now = {
        "dunning": numbers(0, {}, {"payments.claims": 3}),
        "collections": numbers(0, {}, {"payments.claims": 0}),
        "notifications": numbers(0, {}, None),
    }
    (row,) = (row for row in topic_rows(now, {}) if row.name == "payments.claims")
    assert row.lags == (("dunning", 3), ("collections", 0))
    assert row.behind == 3
