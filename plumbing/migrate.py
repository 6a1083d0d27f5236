"""Brings a service's database to its newest version: `python -m plumbing.migrate <service>`."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(service: str, url: str, *, package: str = "services") -> None:
    """Run the migrations of `<package>/<service>/migrations/` on `url` (postgresql+asyncpg)."""
    spec = importlib.util.find_spec(f"{package}.{service}")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"there is no service called {service!r}")
    home = Path(next(iter(spec.submodule_search_locations)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(home / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


def main() -> None:
    """Migrate the named services; addresses come from `<SERVICE>_DATABASE_URL`."""
    for service in sys.argv[1:]:
        variable = f"{service.upper()}_DATABASE_URL"
        url = os.environ.get(variable)
        if not url:
            raise SystemExit(f"{variable} is not set")
        migrate(service, url)


if __name__ == "__main__":
    main()
