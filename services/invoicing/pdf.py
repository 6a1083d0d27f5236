"""Invoices and credit notes as PDF/A-3, typeset by typst with the fonts it brings along.

The same document gives the same bytes: nothing comes from the clock or from the machine. A
compiler keeps fonts and template and serves one thread.
"""

import asyncio
import io
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno
import typst

from contracts.usingqr import ERROR_CORRECTION, QUIET_MODULES

TEMPLATE = Path(__file__).parent / "templates" / "invoice.typ"
ARCHIVAL = ["a-3a"]

_local = threading.local()


async def render(page: dict[str, Any]) -> bytes:
    """A page as PDF, made in a thread of its own."""
    return await asyncio.to_thread(typeset, page)


def typeset(page: dict[str, Any]) -> bytes:
    """A page as PDF/A-3; as plain PDF where a character is in no font and so cannot be archived."""
    if not hasattr(_local, "compiler"):
        _local.compiler = typst.Compiler(TEMPLATE, ignore_system_fonts=True)
    shown = page | {"qr": _qr(page["qr"]) if page["qr"] else None}
    inputs = {"page": json.dumps(shown)}
    made_at = datetime.fromisoformat(page["issued_on"]).replace(tzinfo=UTC)
    try:
        return _compile(inputs, made_at, ARCHIVAL)
    except typst.TypstError:
        return _compile(inputs, made_at, None)


def _compile(inputs: dict[str, str], made_at: datetime, standards: list[str] | None) -> bytes:
    made: bytes = _local.compiler.compile(
        format="pdf", sys_inputs=inputs, pdf_standards=standards, timestamp=made_at
    )
    return made


def _qr(content: str) -> str:
    """An SVG of the code, with the quiet zone it needs."""
    written = io.BytesIO()
    code = segno.make(content, error=ERROR_CORRECTION, micro=False, boost_error=False)
    code.save(written, kind="svg", border=QUIET_MODULES, xmldecl=False, svgns=True, nl=False)
    return written.getvalue().decode()
