"""Runs Kronofogden: `python -m deploy.standins.kronofogden --port P --folder F`."""

import os

from deploy.standins.kronofogden.app import Kronofogden
from deploy.standins.party import arguments, serve


def main() -> None:
    """Run the authority."""
    parser = arguments("kronofogden")
    parser.add_argument(
        "--token", default=os.environ.get("KRONOFOGDEN_TOKEN"), help="asked of the filer"
    )
    given = parser.parse_args()
    serve(Kronofogden(given.folder, given.token), given.port)


if __name__ == "__main__":
    main()
