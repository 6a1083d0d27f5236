"""Runs the bank: `python -m deploy.standins.bank --port P --folder F`."""

import os

from deploy.standins.bank.app import Bank
from deploy.standins.party import arguments, serve


def main() -> None:
    """Run the bank."""
    parser = arguments("bank")
    env = os.environ.get
    parser.add_argument("--token", default=env("BANK_TOKEN"), help="asked of payment orders")
    parser.add_argument("--feed-url", default=env("FEED_URL"), help="where camt files go")
    parser.add_argument("--feed-token", default=env("BANK_FEED_TOKEN"), help="given with each file")
    parser.add_argument(
        "--drop-folder", default=env("BANK_DROP_FOLDER"), help="the only one it leaves files in"
    )
    parser.add_argument("--camt-version", choices=("001.02", "001.08"), default="001.02")
    parser.add_argument(
        "--report-every",
        type=float,
        help="seconds between reports made by itself (none: only asked)",
    )
    parser.add_argument("--account", default="54400000007", help="the client-money account, BBAN")
    parser.add_argument("--owner", default="Betalt Klientmedel AB")
    given = parser.parse_args()
    serve(Bank(given), given.port)


if __name__ == "__main__":
    main()
