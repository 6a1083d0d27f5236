"""What each day brings to a case: steps in order of their days, each telling the filer its news.

Confirmed the next weekday, served after three days, ten days to answer; then as the case's script
says: P the debtor pays the applicant (who must withdraw, or it is decided all the same), B
contests, D is dismissed, U is decided, X is decided and enforced with two part payments and a
yearly fee, F cannot be served. A clock that jumps catches up day by day.
"""

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta

import orjson

from deploy.standins.kronofogden import cases
from deploy.standins.kronofogden.cases import iso, note, plan, say, script_of, weekday
from deploy.standins.party import kronor

ANSWER_DAYS = 10
CONTEST_REPLY_DAYS = 28


def advance(books: sqlite3.Connection, day: date) -> int:
    """Take every step due up to and including `day`, in order; how many."""
    steps = 0
    while True:
        case = books.execute(
            "SELECT * FROM cases WHERE next_on <= ? ORDER BY next_on, id LIMIT 1",
            (day.isoformat(),),
        ).fetchone()
        if case is None:
            return steps
        plan(books, case["id"], None, None)
        STEPS[case["next_step"]](books, case, iso(case["next_on"]))
        steps += 1


def confirm(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """Tell the case number; what follows depends on the script."""
    cases.enter(books, case["id"], "confirmed")
    say(books, case, day, "confirmation", receivedAt=instant(iso(case["received_on"])))
    note(books, case["id"], day, f"Ansökan bekräftades, målnummer {case['number']}.")
    step, days = {"D": ("dismiss", 5), "F": ("give_up_service", 30)}.get(
        script_of(books, case), ("serve", 3)
    )
    plan(books, case["id"], step, day + timedelta(days=days))


def dismiss(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The application is dismissed (*avvisas*)."""
    cases.close(books, case, day, state="closed", reason="dismissed")
    note(books, case["id"], day, "Ansökan avvisades.")


def give_up_service(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The respondent could not be found."""
    cases.close(books, case, day, state="closed", reason="service_failed")
    note(books, case["id"], day, "Svaranden gick inte att nå. Målet avslutades.")


def serve(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The order reaches the respondent (*delgivning*)."""
    answer_by = day + timedelta(days=ANSWER_DAYS)
    cases.enter(books, case["id"], "served", served_on=day, answer_by=answer_by)
    say(books, case, day, "served", servedAt=instant(day), answerBy=answer_by)
    note(books, case["id"], day, f"Svaranden delgavs och ska svara senast {answer_by}.")
    if script_of(books, case) == "B":
        plan(books, case["id"], "contest", day + timedelta(days=5))
    else:
        plan(books, case["id"], "decide", weekday(answer_by + timedelta(days=3)))


def contest(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The respondent contests (*bestrider*) the whole claim."""
    reply_by = day + timedelta(days=CONTEST_REPLY_DAYS)
    cases.enter(books, case["id"], "contested")
    reason = "Jag anser att jag inte är skyldig det som krävs."
    say(books, case, day, "contested", part="whole", reason=reason, replyBy=reply_by)
    note(books, case["id"], day, f"Svaranden bestred kravet. Ombudet ska svara senast {reply_by}.")
    if case["on_contest"] == "ask":
        plan(books, case["id"], "close_contested", reply_by + timedelta(days=1))
    else:
        plan(books, case["id"], "close_contested", weekday(day + timedelta(days=1)))


def close_contested(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """A contested case leaves Kronofogden: to court when the applicant asked so, else closed."""
    to_court = case["on_contest"] == "transfer"
    reason = "transferred_to_court" if to_court else "contested"
    cases.close(books, case, day, state="closed", reason=reason)
    where = "lämnades över till tingsrätten" if to_court else "avslutades utan utslag"
    note(books, case["id"], day, f"Det bestridda målet {where}.")


def decide(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The decision (*utslag*), on what is left of the claim."""
    cases.enter(books, case["id"], "decided", decided_on=day)
    amounts = {
        "capitalOre": case["capital_ore"],
        "interestOre": case["interest_ore"],
        "costsOre": case["costs_ore"],
        "totalOre": cases.total_ore(case),
    }
    terms = orjson.loads(case["interest"])
    say(books, case, day, "decision", decidedAt=instant(day), amounts=amounts, interest=terms)
    note(books, case["id"], day, "Utslag meddelades.")
    if script_of(books, case) == "X" and case["enforcement"] != "none":
        plan(books, case["id"], "enforce", weekday(day + timedelta(days=1)))


def enforce(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The decision goes on to enforcement, as the application wished."""
    cases.begin_enforcement(books, case, day)


def confirm_enforcement(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """Tell that enforcement has begun."""
    say(
        books,
        case,
        day,
        "confirmation",
        stage="enforcement",
        receivedAt=instant(iso(case["enforcement_on"])),
        feeOre=cases.BASIC_FEE_ORE,
    )
    plan(books, case["id"], "report_investigation", _since_start(case, 14))


def report_investigation(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """What the investigation of assets found."""
    pays = script_of(books, case) == "X" and case["enforcement"] == "full"
    finding = "attachable_income" if pays else "no_assets"
    say(books, case, day, "investigation_report", finding=finding)
    found = "Utmätningsbar lön finns." if pays else "Inga utmätningsbara tillgångar hittades."
    note(books, case["id"], day, f"Tillgångarna utreddes. {found}")
    step, days = ("pay_first_part", 30) if pays else ("report_finally", 60)
    plan(books, case["id"], step, _since_start(case, days))


def pay_first_part(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """A third of what is left is collected."""
    _pay_part(books, case, day, cases.total_ore(case) // 3)
    plan(books, case["id"], "pay_second_part", _since_start(case, 60))


def pay_second_part(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """Half of what is left is collected."""
    _pay_part(books, case, day, cases.total_ore(case) // 2)
    plan(books, case["id"], "charge_year", _since_start(case, 365))


def charge_year(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """A new basic fee on the anniversary (förordning (1992:1094) 5-6 §§)."""
    cases.outlay(books, case["id"], "yearly", cases.BASIC_FEE_ORE, day)
    books.execute(
        "UPDATE cases SET costs_ore = costs_ore + ? WHERE id = ?",
        (cases.BASIC_FEE_ORE, case["id"]),
    )
    say(books, case, day, "new_basic_fee", year=2, amountOre=cases.BASIC_FEE_ORE)
    note(books, case["id"], day, "Ny grundavgift 600 kr.")
    plan(books, case["id"], "report_finally", _since_start(case, 395))


def report_finally(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The final accounting (*slutredovisning*)."""
    left = cases.total_ore(case)
    outcome = "exhausted" if left else "settled"
    cases.enter(books, case["id"], outcome)
    say(
        books,
        case,
        day,
        "final_report",
        outcome=outcome,
        paidOre=case["paid_ore"],
        remainingOre=left,
    )
    note(books, case["id"], day, "Slutredovisning lämnades.")


def _pay_part(books: sqlite3.Connection, case: sqlite3.Row, day: date, amount_ore: int) -> None:
    """Book what was collected, on costs, then interest, then capital."""
    left, parts = amount_ore, {}
    for name in ("costs_ore", "interest_ore", "capital_ore"):
        parts[name] = min(left, case[name])
        left -= parts[name]
    books.execute(
        "UPDATE cases SET costs_ore = costs_ore - :costs_ore, paid_ore = paid_ore + :paid,"
        " interest_ore = interest_ore - :interest_ore, capital_ore = capital_ore - :capital_ore"
        " WHERE id = :id",
        {**parts, "paid": amount_ore, "id": case["id"]},
    )
    say(books, case, day, "partial_payment", amountOre=amount_ore, valueDate=day)
    note(books, case["id"], day, f"{kronor(amount_ore)} kr drevs in.")


def _since_start(case: sqlite3.Row, days: int) -> date:
    return iso(case["enforcement_on"]) + timedelta(days=days)


def instant(day: date) -> str:
    """Ten in the morning UTC of a day: the same day in Sweden all year round."""
    return f"{day}T10:00:00Z"


Step = Callable[[sqlite3.Connection, sqlite3.Row, date], None]
STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        confirm,
        dismiss,
        give_up_service,
        serve,
        contest,
        close_contested,
        decide,
        enforce,
        confirm_enforcement,
        report_investigation,
        pay_first_part,
        pay_second_part,
        charge_year,
        report_finally,
    )
}
