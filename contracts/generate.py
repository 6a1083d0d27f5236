"""Writes `contracts/schemas/<type>.json` from the models: `python -m contracts.generate`.

The schemas are committed so that a change of the contract shows in review, and so that history
holds every shape ever published (`compatibility.py`). With `--check` nothing is written.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from contracts.catalogue import events
from contracts.envelope import Event

SCHEMAS = Path(__file__).parent / "schemas"
SAMPLES = Path(__file__).parent / "samples"


class Untitled(GenerateJsonSchema):
    """JSON Schema whose fields are named once: a title that repeats the name says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: fields keep their names alone."""
        return False


def schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data, with its topic and the field that is its key."""
    body = event.model_json_schema(schema_generator=Untitled)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:betalt:{event.type}",
        "x-topic": event.topic,
        "x-key": event.key_field,
        **body,
    }


def rendered(content: Any) -> str:
    """JSON as it is committed: two spaces, Swedish letters as they are, one newline at the end."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def wanted() -> dict[Path, str]:
    """Every schema file as it ought to be."""
    return {SCHEMAS / f"{name}.json": rendered(schema(event)) for name, event in events().items()}


def stale() -> list[Path]:
    """Schema files that differ from the code, are missing, or belong to no event."""
    files = wanted()
    differing = [path for path, text in files.items() if _text(path) != text]
    return differing + [path for path in sorted(SCHEMAS.glob("*.json")) if path not in files]


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def main() -> int:
    """Write the schemas, or with `--check` name those that differ and return 1."""
    parser = argparse.ArgumentParser(prog="contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    changed = stale()
    if parser.parse_args().check:
        for path in changed:
            sys.stderr.write(f"{path.name} differs from the code\n")
        return 1 if changed else 0
    files = wanted()
    for path in changed:
        if path in files:
            path.write_text(files[path])
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
