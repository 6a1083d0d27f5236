"""Writes what the code says of itself: `python -m deploy.describe`, or `--check` to compare.

`docs/asyncapi/<service>.yaml` is made for each service that says or hears anything, and the part of
README.md between `says:begin` and `says:end` shows who says what and who hears it. Both come from
the events of `contracts` and what each service's subscribers hear, which a test compares with what
the built service truly subscribes to. `docs/settings.md` tells every setting.
"""

import argparse
import sys
import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from contracts.asyncapi import document, yaml
from contracts.catalogue import SPEAKERS, events, said_by, speaker
from contracts.envelope import Event
from deploy.describe_settings import settings_page

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- says:begin -->", "<!-- says:end -->"
SERVICES = (*SPEAKERS, "gateway")

Hearing = Mapping[str, tuple[type[Event], ...]]


def heard_by(service: str) -> tuple[type[Event], ...]:
    """What a service hears; nothing where it has no such door.

    The keys of its `HEARS`, or of `hears(…)` where a setting is part of what handlers do.
    """
    name = f"services.{service}.subscribers"
    try:
        module = import_module(name)
    except ModuleNotFoundError as absent:
        if absent.name not in (name, f"services.{service}"):
            raise
        return ()
    heard = module.HEARS if hasattr(module, "HEARS") else module.hears("")
    return tuple(sorted(heard, key=lambda event: str(event.type)))


def hearing() -> dict[str, tuple[type[Event], ...]]:
    """What every service hears, by service."""
    return {service: heard_by(service) for service in SERVICES}


def card(service: str) -> str:
    """The first paragraph of the service's card, the docstring of its package."""
    told = import_module(f"services.{service}").__doc__ or f"The service {service}."
    return " ".join(told.strip().split("\n\n")[0].split())


def documents(heard: Hearing) -> dict[Path, str]:
    """The AsyncAPI documents as they ought to be, by path from the root."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    found = {}
    for service in SERVICES:
        says = said_by(service)
        if says or heard[service]:
            content = document(
                service, version=version, summary=card(service), says=says, hears=heard[service]
            )
            header = "# Generated from the code by `python -m deploy.describe`.\n"
            found[Path(f"docs/asyncapi/{service}.yaml")] = header + yaml(content)
    return found


def who_hears_whom(heard: Hearing) -> str:
    """The README's part: a drawing of services and topics, and a table of every event."""
    return f"{_drawing(heard)}\n\n{_table(heard)}"


def _drawing(heard: Hearing) -> str:
    edges = sorted(
        {
            (speaker(event), event.topic.partition(".")[2], service)
            for service, of in heard.items()
            for event in of
        }
    )
    labels: dict[tuple[str, str], list[str]] = {}
    for says, topic, hears in edges:
        labels.setdefault((says, hears), []).append(topic)
    lines = [f'  {says} -- "{", ".join(of)}" --> {hears}' for (says, hears), of in labels.items()]
    return "\n".join(["```mermaid", "flowchart LR", *(f"  {s}" for s in SPEAKERS), *lines, "```"])


def _table(heard: Hearing) -> str:
    rows = ["| Topic | Event | Said by | Heard by |", "|---|---|---|---|"]
    ordered = sorted(
        events().values(), key=lambda event: (SPEAKERS.index(speaker(event)), event.topic)
    )
    for event in ordered:
        hearers = ", ".join(service for service, of in heard.items() if event in of) or "–"
        rows.append(f"| `{event.topic}` | `{event.__name__}` | {speaker(event)} | {hearers} |")
    return "\n".join(rows)


def with_part(readme: str, part: str) -> str:
    """The README with its generated part replaced. Raises ValueError where a mark is missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def wanted(root: Path = ROOT) -> dict[Path, str]:
    """Every described file as it ought to be, by path from the root."""
    heard = hearing()
    readme = (root / "README.md").read_text()
    return {
        **documents(heard),
        Path("README.md"): with_part(readme, who_hears_whom(heard)),
        Path("docs/settings.md"): settings_page(SERVICES),
    }


def stale(root: Path = ROOT) -> list[Path]:
    """The files that differ from the code, are missing, or describe no service."""
    files = wanted(root)
    left_over = [
        path.relative_to(root)
        for path in sorted((root / "docs/asyncapi").glob("*.yaml"))
        if path.relative_to(root) not in files
    ]
    return [path for path, text in files.items() if _text(root / path) != text] + left_over


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def main() -> int:
    """Write what differs, or with `--check` name it and return 1."""
    parser = argparse.ArgumentParser(prog="deploy.describe", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    differing = stale()
    if parser.parse_args().check:
        for path in differing:
            print(f"{path} differs from the code; run python -m deploy.describe", file=sys.stderr)
        return 1 if differing else 0
    files = wanted()
    (ROOT / "docs/asyncapi").mkdir(parents=True, exist_ok=True)
    for path in differing:
        if path in files:
            (ROOT / path).write_text(files[path])
        else:
            (ROOT / path).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
