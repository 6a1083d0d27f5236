"""Reads camt.054 notifications and camt.053 statements (ISO 20022, versions 02, 04 and 08) in two
passes: `validate` controls the whole file, `read` gives its items in file order and can go on from
any of them; `read_at_once` does both in one pass, where the items fit in memory. A file whose
counts, sums or balances are wrong is refused as a whole; an entry or a payment that is right but
not ours to judge is held. Memory of the two passes does not grow with the file, whose payments are
freed one by one; only booked entries give items, so nothing pending is ever money."""

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import chain, islice
from typing import Any

from services.payments.camt_controls import Controls, Stated
from services.payments.camt_entry import (
    Entry,
    Header,
    Names,
    broken_at,
    child_text,
    close_head,
    local,
    page_of,
    read_entry,
    read_header,
    required_text,
)
from services.payments.camt_transaction import (
    Item,
    Keys,
    read_money,
    read_transaction,
    whole_entry,
)
from services.payments.domain.incoming import (
    BankFileError,
    Hold,
    IncomingPayment,
    Reference,
    Validation,
)
from services.payments.xml_stream import Metered, Root, Source, elements, opened, root_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
MESSAGES = frozenset(
    f"camt.05{kind}.001.{version}" for kind in "34" for version in ("02", "04", "08")
)
REFERENCES_OF_A_WHOLE_ENTRY = 100
"""As many are shown to the person who gets an entry that contradicts its payments."""


def message_of(root: Root) -> str | None:
    """Name the message that a root element announces, if it is one that is read here."""
    message = root.namespace.removeprefix(NAMESPACE)
    known = root.name == "Document" and root.namespace.startswith(NAMESPACE)
    return message if known and message in MESSAGES else None


def validate(source: Source) -> Validation:
    """Control a whole file: structure, counts, sums and balances. Never raises for its content."""
    return _control(source, None)


def read_at_once(source: Source) -> tuple[Validation, list[Item]]:
    """Control a file and give the items that `read` would give of it; none of a refused one."""
    items: list[Item] = []
    found = _control(source, items)
    return found, items if found.accepted else []


def _control(source: Source, items: list[Item] | None) -> Validation:
    """Control a file; where items are asked for, they are added as their entries end."""
    message = "unknown"
    met: list[Item] = []
    keys: Keys | None = None
    try:
        with opened(source) as file:
            metered = Metered(file)
            names = _names(metered)
            message = names.message
            controls = Controls(names)
            for part, place, element in _parts(metered, names):
                if part is _Part.TRANSACTION:
                    entry = place.entry
                    if not entry.is_booked:
                        continue
                    if items is None:
                        controls.count(read_money(element, entry, names))
                        continue
                    if keys is None or keys.entry is not entry:
                        keys = Keys(entry)
                    money, item = read_transaction(element, entry, names, keys)
                    controls.count(money)
                    met.append(item)
                elif part is _Part.ENTRY:
                    hold = controls.close_entry(place.entry, place.stated)
                    if items is not None and place.entry.is_booked:
                        items += met if met and not hold else [_whole(place, met, hold)]
                        met = []
                else:
                    controls.close_statement(place.header, element)
            return controls.result(place.message_id)
    except BankFileError as error:
        return Validation(format=message, problems=(error.problem,))


def read(source: Source, validation: Validation, *, start_at: int = 0) -> Iterator[Item]:
    """Give the items of an accepted file in file order, from the `start_at`-th on (from 0)."""
    assert validation.accepted, "only an accepted file is read"
    with opened(source) as file:
        metered = Metered(file)
        items = _items(metered, _names(metered), validation.held_entries)
        yield from islice(items, start_at, None)


def _items(metered: Metered, names: Any, held_entries: dict[int, Hold]) -> Iterator[Item]:
    met: list[Item] = []
    keys: Keys | None = None
    for part, place, element in _parts(metered, names):
        if part is _Part.STATEMENT or not place.entry.is_booked:
            continue
        entry = place.entry
        hold = held_entries.get(entry.number) if held_entries else None
        if part is _Part.TRANSACTION:
            if keys is None or keys.entry is not entry:
                keys = Keys(entry)
            _, item = read_transaction(element, entry, names, keys)
            if not hold:
                yield item
            elif len(met) < REFERENCES_OF_A_WHOLE_ENTRY and _references_of(item):
                met.append(item)
        elif hold or not place.has_details:
            yield _whole(place, met, hold)
            met = []


def _whole(place: "_Place", met: Sequence[Item], hold: Hold | None) -> Item:
    """Give an entry that has ended in one piece, with the references of its payments."""
    references = chain.from_iterable(map(_references_of, met))
    shown = islice(references, REFERENCES_OF_A_WHOLE_ENTRY)
    return whole_entry(place.entry, shown, place.batch_ids, hold)


def _references_of(item: Item) -> Sequence[Reference]:
    return item.references if isinstance(item, IncomingPayment) else ()


class _Part(Enum):
    TRANSACTION = 1
    ENTRY = 2
    STATEMENT = 3


class _Place:
    """Where in the file the walk is; `entry` and `header` are those of the part just given."""

    def __init__(self) -> None:
        self.message_id: str | None = None
        self.page = ""
        self.entries = 0
        self.leave_statement()
        self.leave_entry()

    entry: Entry
    header: Header

    def enter_message(self, header: Any, names: Any) -> None:
        """Read the message's own header; there is one."""
        _parent(header, names.body)
        if self.message_id is not None:
            raise broken_at(header, "there are two GrpHdr")
        self.message_id = required_text(header, names.MsgId)
        self.page = page_of(header.find(names.MsgPgntn), names)
        required_text(header, names.CreDtTm)

    def leave_statement(self) -> None:
        self.in_statement = False

    def leave_entry(self) -> None:
        self.in_entry = False
        self.has_details = False
        self.stated = Stated()
        self.batch_ids: tuple[str | None, str | None] = (None, None)

    def enter_entry(self, element: Any, names: Any) -> None:
        """Read the entry, and its statement if it is the first one there."""
        if not self.in_entry:
            self.enter_statement(_parent(element, names.statement), names)
            assert self.message_id is not None
            message = self.message_id + self.page
            self.entry = read_entry(element, self.entries, self.header, message, names)
            self.entries += 1
            self.in_entry = True

    def enter_statement(self, element: Any, names: Any) -> None:
        """Read the header of a statement; the message's own header must stand before it."""
        if not self.in_statement:
            body = _parent(element, names.body)
            _parent(body, names.Document)
            if self.message_id is None:
                raise broken_at(element, "there is no GrpHdr before it")
            self.header = read_header(element, names)
            self.in_statement = True

    def enter_details(self, element: Any, names: Any) -> None:
        """Read what `NtryDtls` says of its payments as a whole."""
        batch = next(element.iterchildren(names.Btch), None)
        self.stated = self.stated.and_of(batch, self.entry, names)
        if batch is None:
            return
        self.batch_ids = child_text(batch, names.MsgId), child_text(batch, names.PmtInfId)


def _parts(metered: Metered, names: Any) -> Iterator[tuple[_Part, _Place, Any]]:
    """Walk the file: every payment, then its entry, then its statement; each is dropped after."""
    place = _Place()
    details: Any = None
    statements = 0
    tags = (names.GrpHdr, names.statement, names.entry, names.details, names.transaction)
    keep = {names.statement: frozenset((names.Bal, names.TxsSummry))}
    for element in elements(metered, tags, keep=keep):
        tag = element.tag
        if tag == names.transaction:
            parent = element.getparent()
            if parent is not details:
                if parent.tag != names.details:
                    raise broken_at(element, "TxDtls stands outside NtryDtls")
                details = parent
                place.enter_entry(_parent(details, names.entry), names)
                place.enter_details(details, names)
            place.has_details = True
            yield _Part.TRANSACTION, place, element
        elif tag == names.details:
            if element is not details:
                place.enter_entry(_parent(element, names.entry), names)
                place.enter_details(element, names)
        elif tag == names.entry:
            place.enter_entry(element, names)
            close_head(element, names)
            yield _Part.ENTRY, place, element
            place.leave_entry()
        elif tag == names.statement:
            place.enter_statement(element, names)
            statements += 1
            yield _Part.STATEMENT, place, element
            place.leave_statement()
        else:
            place.enter_message(element, names)
    if not statements:
        raise BankFileError(0, f"there is no {local(names.statement)} in the file")


def _parent(element: Any, tag: str) -> Any:
    """Give the parent of an element, which must have this name."""
    parent = element.getparent()
    if parent is None or parent.tag != tag:
        raise broken_at(element, f"{local(element.tag)} stands outside {local(tag)}")
    return parent


def _names(metered: Metered) -> Any:
    root = root_of(metered.head)
    message = message_of(root)
    if message is None:
        raise BankFileError(1, f"the message {root.shown} is not one that is read")
    return Names(root.namespace, message)
