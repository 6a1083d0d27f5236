"""Door 2: a day comes, for a claim on the ladder or for a policy that was changed."""

from collections.abc import Mapping

from plumbing.timers import Waker
from services.dunning import handlers

WAKES: Mapping[str, Waker] = {
    handlers.STEP: handlers.take_steps,
    handlers.POLICY: handlers.follow_policies,
}
