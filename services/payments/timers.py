"""Door 2: a day comes."""

from collections.abc import Mapping
from functools import partial

from plumbing.timers import Waker
from services.payments.handlers import charges


def wakes(payee_bankgiro: str) -> Mapping[str, Waker]:
    """What wakes payments: a rate came for charges that waited for it."""
    return {"deferred": partial(charges.price_deferred, payee_bankgiro=payee_bankgiro)}
