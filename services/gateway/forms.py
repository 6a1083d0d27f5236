"""What a form holds, as it was typed."""

from __future__ import annotations

import hashlib

from fastapi import Request
from starlette.datastructures import FormData

from plumbing.texts import storable

FORM_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")
LONGEST_KEY = 200
"""Characters of an Idempotency-Key."""


def text(form: FormData, name: str) -> str:
    """A field of a form as text that a database takes; files and missing fields are empty."""
    value = form.get(name, "")
    return storable(value).strip()[:2000] if isinstance(value, str) else ""


def key(form: FormData) -> str | None:
    """The form's own key, so that what is sent twice is done once."""
    return text(form, "nyckel")[:LONGEST_KEY] or None


def key_of(form_key: str, *words: object) -> str | None:
    """The key of what a form says: the same words from one form are said once, others anew.

    None for a form without a key, as a program or an older page sends it.
    """
    if not form_key:
        return None
    return hashlib.sha256(repr((form_key, *words)).encode()).hexdigest()


async def sent_in(request: Request) -> list[tuple[str, str]] | None:
    """The fields of the form that a request sent, to be sent again; None where it sent none."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if request.method != "POST" or kind not in FORM_KINDS:
        return None
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def typed(form: FormData) -> dict[str, str]:
    """All fields of a form, to be shown once more beside what is wrong with them."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
