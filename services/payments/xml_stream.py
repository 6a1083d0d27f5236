"""Reading XML from outside without trusting it: no document type, no entities, no network, UTF-8 or
a known encoding of one byte a letter, bounded depth and text, and bounded memory however long the
file is. Everything that can be wrong with the XML itself becomes one `BankFileError` with the
line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from services.payments.domain.incoming import BankFileError

HEAD_BYTES = 64 * 1024
"""The XML declaration, comments and the start of the root element must fit in this."""
UNFINISHED_BYTES = 4 * 1024 * 1024
"""The longest stretch that may pass without one of the awaited elements ending: no payment and no
head of an entry or a statement is nearly as long, and the tree of so much is some 100 MB."""
SWEPT_BYTES = 64 * 1024
"""After so much more of a file, what has been read of it is dropped."""
MOST_KEPT = 1000
"""Elements that may be kept beside those that are dropped: a few balances, say."""
FILE_BYTES = 8 * 1024**3
"""A million payments are about 1 GB."""
ENCODINGS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})

_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 and UTF-32 begin, where not with a zero byte beside the first sign."""
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")

Source = Path | str | BinaryIO


@dataclass(frozen=True, slots=True)
class Root:
    """The outermost element: its namespace and local name."""

    namespace: str
    name: str

    @property
    def shown(self) -> str:
        """The message's name as banks say it, for a refusal."""
        return (self.namespace.rpartition(":")[2] or self.name)[:60]


class UnfinishedError(Exception):
    """So many bytes were read without any progress; `elements` knows where."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Metered:
    """A binary file that refuses to go on when too much is read without any progress."""

    def __init__(self, file: BinaryIO, unfinished_bytes: int | None = None) -> None:
        self._file = file
        self._most_unfinished = unfinished_bytes or UNFINISHED_BYTES
        self.head = _read_fully(file, HEAD_BYTES)
        self._pending = self.head
        self._finished = 0
        self.total = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes, the head first."""
        if self._pending:
            part, self._pending = self._pending[:size], self._pending[size:]
        else:
            part = self._file.read(size)
        self.total += len(part)
        if self.total - self._finished > self._most_unfinished:
            raise UnfinishedError(self._most_unfinished)
        if self.total > FILE_BYTES:
            raise BankFileError(0, f"the file is larger than {FILE_BYTES} bytes")
        return part

    def progress(self) -> None:
        """Note that an awaited element has ended and what stands before it can be dropped."""
        self._finished = self.total


def root_of(head: bytes) -> Root:
    """Read the root element of XML bytes; refuse what is not plain XML in a known encoding."""
    line = _line_of_root(head)
    pull = etree.XMLPullParser(events=("start",), **_SAFE)
    trouble = BankFileError(line, "the file ends before its first element")
    try:
        pull.feed(head)
        pull.close()
    except etree.XMLSyntaxError as error:
        # The head breaks off somewhere; that matters only without a root.
        trouble = broken(error, pull.feed_error_log)
    root = next((element for _, element in pull.read_events()), None)
    if root is None:
        raise trouble
    if root.getroottree().docinfo.internalDTD is not None:
        raise _with_doctype(line)
    # Not by QName, which raises for a prefix that was never declared.
    namespace, _, name = root.tag.rpartition("}")
    return Root(namespace.removeprefix("{"), name)


def _line_of_root(head: bytes) -> int:
    """Look at the bytes, before a parser does, whether and where an element begins."""
    if not head.strip():
        raise BankFileError(1, "the file is empty")
    for mark, packed in _PACKED.items():
        if head.startswith(mark):
            raise BankFileError(1, f"the file is packed with {packed}: it is read unpacked only")
    # In these nothing would be found that is looked for byte by byte.
    if head.startswith(_WIDE) or (b"<" in head[:4] and b"\0" in head[:4]):
        raise BankFileError(1, "the encoding UTF-16 or UTF-32 is not read")
    prolog = _PROLOG.match(head)
    start = prolog.end() if prolog else 0
    line = 1 + head.count(b"\n", 0, start)
    begins = head[start : start + 4]
    if not begins.startswith(b"<"):
        raise BankFileError(line, "the file is not XML")
    if len(head) == HEAD_BYTES and begins.startswith((b"<!--", b"<?")):
        raise BankFileError(line, f"the file does not begin within {HEAD_BYTES} bytes")
    if begins.startswith(b"<!"):
        raise _with_doctype(line)
    encoding = _ENCODING.search(head, 0, start)
    if encoding and encoding.group(1).decode().lower() not in ENCODINGS:
        raise BankFileError(1, f"the encoding {encoding.group(1).decode()[:40]} is not read")
    return line


def _with_doctype(line: int) -> BankFileError:
    return BankFileError(line, "the file has a document type declaration, which is not allowed")


def elements(
    metered: Metered, tags: tuple[str, ...], *, keep: dict[str, frozenset[str]] | None = None
) -> Iterator[Any]:
    """Give each element of these tags when it has ended, and drop what stands before it later on.

    With `keep`, nothing stays of a file that has been passed but the children `keep` names, by the
    tag of their parent; without, everything stays.
    """
    parsed = etree.iterparse(metered, events=("end",), tag=tags, collect_ids=False, **_SAFE)
    swept_at, line = 0, 1
    try:
        for _, element in parsed:
            line = element.sourceline or line
            yield element
            if metered.total - swept_at > SWEPT_BYTES:
                metered.progress()
                if keep is not None:
                    sweep(element, keep)
                swept_at = metered.total
    except etree.XMLSyntaxError as error:
        raise broken(error, parsed.error_log) from None
    except UnfinishedError as error:
        reason = f"one element from here on is larger than {error.most} bytes"
        raise BankFileError(line, reason) from None


def sweep(element: Any, keep: dict[str, frozenset[str]]) -> None:
    """Drop all that stands before an element, in it, and before each of those that hold it."""
    element.clear()
    while (parent := element.getparent()) is not None:
        kept = keep.get(parent.tag)
        if kept is None:
            del parent[: parent.index(element)]
        else:
            before = list(element.itersiblings(preceding=True))
            for one in before:
                if one.tag not in kept:
                    parent.remove(one)
            if len(parent) > MOST_KEPT:
                raise BankFileError(parent.sourceline or 0, "an element has too many like these")
        element = parent


def broken(error: etree.XMLSyntaxError, log: Any) -> BankFileError:
    """Turn the parser's complaint into a refusal that names the line.

    `log` is the parser's own; the one that the error carries may tell of another document.
    """
    first = next(iter(log), None)
    line = first.line if first else error.lineno or 0
    message = str(first.message if first else error.msg or "it cannot be parsed")
    reason = " ".join(message.split())
    return BankFileError(line, f"the XML is broken: {reason[:200]}")


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Open a path for reading; a binary file is read from its beginning and left open."""
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as file:
            yield file
    else:
        if source.seekable():
            source.seek(0)
        yield source


def _read_fully(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}
