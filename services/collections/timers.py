"""Door 2: a day comes, for a case's next step or for a withdrawal that should be done."""

from collections.abc import Mapping

from plumbing.timers import Waker
from services.collections.handlers import carrying, following

WAKES: Mapping[str, Waker] = {
    carrying.STEP: following.take_steps,
    carrying.CHECK_WITHDRAWAL: following.check_withdrawals,
}
