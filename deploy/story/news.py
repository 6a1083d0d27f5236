"""One line of news for a day of the story: what a newspaper would have picked out of its deeds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from deploy.story.plan import Act, Amount, Company, Deed, Fate, Invoice, Reference, World

Line = Callable[[str, str], str]
"""Who pays (or not) and who is owed, to a sentence."""

PAYMENTS: Mapping[Fate, Line] = {
    Fate.PAYS_AT_KRONOFOGDEN: lambda who, whom: f"{who} pays {whom} while Kronofogden has the case",
    Fate.ON_DEMAND: lambda who, whom: f"{who} pays {whom} on the collection demand",
    Fate.LATE_FILE: lambda who, whom: f"{who} had paid {whom} before the reminder: fee taken back",
    Fate.TWICE: lambda who, whom: f"{who} pays {whom} twice",
    Fate.TOO_MUCH: lambda who, whom: f"{who} pays {whom} a hundred kronor too much",
    Fate.IN_PARTS: lambda who, whom: f"{who} pays {whom} in two parts",
    Fate.HALF_ONLY: lambda who, whom: f"{who} pays {whom} half",
    Fate.AFTER_REMINDER: lambda who, whom: f"{who} pays {whom} after the reminder",
    Fate.DAYS_LATE: lambda who, whom: f"{who} pays {whom} a day late",
    Fate.EARLY: lambda who, whom: f"{who} pays {whom} early",
    Fate.ON_TIME: lambda who, whom: f"{who} pays {whom} in time",
}
DEEDS: Mapping[Deed, Line] = {
    Deed.OBJECT: lambda who, whom: f"{who} objects to an invoice of {whom}",
    Deed.GIVE_RIGHT: lambda who, whom: f"{whom} admits that {who} is right",
    Deed.TAKE_BACK: lambda who, whom: f"{who} takes an objection back",
    Deed.HAND_OVER: lambda who, whom: f"{whom} sends a claim on {who} to collection",
    Deed.ALLOCATE: lambda who, whom: f"{who}'s payment with a wrong reference is found",
    Deed.CREDIT: lambda who, whom: f"{whom} credits an invoice to {who}",
}


def headline(world: World, day: date, acts: Sequence[Act]) -> str:
    """The most telling thing of the day; who issued what when nobody did anything else."""
    ranked = [line for act in acts if (line := _line(act)) is not None]
    # Days in a row should not read alike, so the day picks among the rarest.
    best = sorted(ranked)[:3]
    if best:
        return best[day.toordinal() % len(best)][1]
    return _issues(world.issues_by_day.get(day, ()))


def _line(act: Act) -> tuple[int, str] | None:
    """A sentence about a deed, with its rank: rare things first."""
    if act.invoice is None:
        return 3, "Money comes in that names no invoice"
    company = act.invoice.company
    who = company.customers[act.invoice.customer].name
    if act.deed in DEEDS:
        return list(DEEDS).index(act.deed), DEEDS[act.deed](who, company.name)
    if act.deed is not Deed.PAY:
        return None
    if act.reference is Reference.WRONG:
        return 2, f"{who} pays {company.name} with a wrong reference"
    if act.invoice.fate not in PAYMENTS or act.amount is Amount.REST:
        return None
    place = list(PAYMENTS).index(act.invoice.fate)
    return place + 4, PAYMENTS[act.invoice.fate](who, company.name)


def _issues(invoices: Sequence[Invoice]) -> str:
    if not invoices:
        return ""
    counts: dict[str, int] = {}
    by_key: dict[str, Company] = {}
    for invoice in invoices:
        by_key[invoice.company.key] = invoice.company
        counts[invoice.company.key] = counts.get(invoice.company.key, 0) + 1
    busiest = max(counts, key=lambda key: counts[key])
    return f"{by_key[busiest].name} sends {counts[busiest]} invoices"
