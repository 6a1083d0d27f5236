"""Door 2: a day comes, for a case's next step or for a withdrawal that should be done."""

from collections.abc import Mapping

from plumbing.timers import Waker
from services.collections import handlers

WAKES: Mapping[str, Waker] = {
    handlers.STEP: handlers.take_steps,
    handlers.CHECK_WITHDRAWAL: handlers.check_withdrawals,
}
