"""`python -m deploy.chaos --duration 120 --seed 1`: exit code 0 when the judge upholds, else 1."""

import argparse
import asyncio
import sys

from rich.console import Console

from deploy.chaos.midnight import MidnightError
from deploy.chaos.run import chaos, scale_of
from deploy.local.processes import LaunchError
from deploy.story.client import OutOfPatienceError, RefusedError


def main() -> int:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos", description=__doc__)
    parser.add_argument(
        "--duration", type=float, default=120, help="seconds the story would take in peace"
    )
    parser.add_argument("--seed", type=int, default=1, help="of story and deaths alike")
    parser.add_argument("--invoices", type=int, help="how many, instead of by the duration")
    given = parser.parse_args()
    console = Console()
    try:
        scale = scale_of(given.duration, given.invoices)
        upheld = asyncio.run(chaos(console, given.seed, scale))
    except (LaunchError, MidnightError, OutOfPatienceError, RefusedError) as trouble:
        console.print(f"The run broke off: {trouble}", style="red", markup=False, highlight=False)
        return 1
    return 0 if upheld else 1


if __name__ == "__main__":
    sys.exit(main())
