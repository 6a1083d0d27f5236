"""What a form holds, as it was typed."""

from __future__ import annotations

from starlette.datastructures import FormData

from plumbing.texts import storable

LONGEST_KEY = 200
"""Characters of an Idempotency-Key."""


def text(form: FormData, name: str) -> str:
    """A field of a form as text that a database takes; files and missing fields are empty."""
    value = form.get(name, "")
    return storable(value).strip()[:2000] if isinstance(value, str) else ""


def key(form: FormData) -> str | None:
    """The form's own key, so that what is sent twice is done once."""
    return text(form, "nyckel")[:LONGEST_KEY] or None


def typed(form: FormData) -> dict[str, str]:
    """All fields of a form, to be shown once more beside what is wrong with them."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
