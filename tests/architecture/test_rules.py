"""The rules, put to the test: each must find what is wrong, and let pass what is right."""

from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.rules import RULES, Source

WRONG: list[tuple[str, str, str]] = [
    # rule, module, text that must fail
    ("set_twice", "services.dunning.store", "READ = 1\nOTHER = 2\nREAD = 3"),
    (
        "reads_text_per_row",
        "services.dunning.store",
        'X = "where id = any(cast(cast(:ids as text) as uuid[]))"',
    ),
    ("set_twice", "services.dunning.store", "READ: int = 1\nREAD = 2"),
    ("forbidden_imports", "contracts.payments", "import sqlalchemy"),
    ("forbidden_imports", "contracts.payments", "from law import interest"),
    ("forbidden_imports", "contracts.payments", "from plumbing.clock import Clock"),
    ("forbidden_imports", "law.interest", "import pydantic"),
    ("forbidden_imports", "law.interest", "import asyncio"),
    ("forbidden_imports", "law.interest", "from os import environ"),
    ("forbidden_imports", "law.interest", "import plumbing.clock"),
    ("forbidden_imports", "plumbing.inbox", "from law.interest import accrued"),
    ("forbidden_imports", "plumbing.inbox", "from services.dunning import domain"),
    ("forbidden_imports", "plumbing.inbox", "from contracts.ids import ClaimId"),
    ("forbidden_imports", "plumbing.inbox", "from contracts import topics"),
    ("forbidden_imports", "plumbing.inbox", "import contracts"),
    ("forbidden_imports", "plumbing.inbox", "import deploy.local"),
    ("forbidden_imports", "services.dunning.domain", "import sqlalchemy"),
    ("forbidden_imports", "services.dunning.domain", "import random"),
    ("forbidden_imports", "services.dunning.domain", "import logging"),
    (
        "forbidden_imports",
        "services.dunning.domain",
        "from plumbing.transaction import Transaction",
    ),
    ("forbidden_imports", "services.dunning.domain", "from services.dunning import store"),
    ("forbidden_imports", "services.dunning.domain.ladder", "import structlog"),
    ("forbidden_imports", "services.dunning.store", "from services.dunning import handlers"),
    ("forbidden_imports", "services.dunning.store", "import law.interest"),
    ("forbidden_imports", "services.dunning.store", "import fastapi"),
    ("forbidden_imports", "services.dunning.handlers", "import sqlalchemy"),
    ("forbidden_imports", "services.dunning.handlers", "from services.dunning import api"),
    ("forbidden_imports", "services.dunning.handlers", "from services.dunning.app import create"),
    ("forbidden_imports", "services.dunning.handlers", "from services.dunning import settings"),
    ("forbidden_imports", "services.dunning.subscribers", "from services.dunning import store"),
    ("forbidden_imports", "services.dunning.timers", "from services.dunning import domain"),
    ("forbidden_imports", "services.dunning.timers", "import fastapi"),
    ("forbidden_imports", "services.dunning.api", "from services.dunning import domain"),
    ("forbidden_imports", "services.dunning.api", "import sqlalchemy"),
    ("forbidden_imports", "services.dunning.api", "from services.dunning.app import create_app"),
    ("forbidden_imports", "services.dunning.app", "from services.payments import store"),
    ("forbidden_imports", "services.dunning.app", "from deploy.local import ports"),
    ("forbidden_imports", "services.dunning.settings", "import fastapi"),
    ("forbidden_imports", "services.dunning.migrations.env", "from services.dunning import store"),
    ("forbidden_imports", "services.payments.pain001", "from services.payments import handlers"),
    ("forbidden_imports", "services.payments.pain001", "from services.payments.api import router"),
    ("forbidden_imports", "services.gateway.seller", "from services.invoicing import store"),
    ("forbidden_imports", "services.gateway.seller", "from law.interest import accrued"),
    ("forbidden_imports", "services.dunning", "from services.dunning.app import create_app"),
    ("forbidden_imports", "deploy.standins.bank", "from contracts.numbers import check_ocr"),
    ("forbidden_imports", "deploy.standins.bank", "import law.calendar"),
    ("forbidden_imports", "deploy.standins.bank", "from services.payments import pain001"),
    ("forbidden_imports", "deploy.standins.bank", "from plumbing.clock import Clock"),
    ("forbidden_imports", "deploy.standins.bank", "from deploy.local import ports"),
    ("forbidden_imports", "deploy.chaos.judge", "from contracts.terms import Component"),
    ("forbidden_imports", "deploy.chaos.judge", "from deploy.chaos import story"),
    ("forbidden_imports", "deploy.chaos.story", "import tests.journeys"),
    ("forbidden_imports", "law.interest", "def f():\n    from services.dunning import domain"),
    ("relative_imports", "law.interest", "from . import calendar"),
    ("relative_imports", "law.interest", "from .calendar import is_banking_day"),
    ("late_imports", "law.interest", "def f():\n    import decimal"),
    ("late_imports", "services.dunning.store", "class A:\n    from datetime import date"),
    ("asks_the_time", "services.dunning.handlers", "datetime.now(UTC)"),
    ("asks_the_time", "services.dunning.handlers", "dt.datetime.now(dt.UTC)"),
    ("asks_the_time", "plumbing.relay", "datetime.utcnow()"),
    ("asks_the_time", "law.interest", "date.today()"),
    ("asks_the_time", "law.interest", "later = date.today"),
    ("asks_the_time", "contracts.ids", "time.time_ns()"),
    ("asks_the_time", "plumbing.relay", "from time import time"),
    ("asks_the_time", "services.dunning.api", "import time\nx = time.localtime()"),
    ("asks_sql_the_time", "services.dunning.store", "Q = 'update t set seen_at = now()'"),
    ("asks_sql_the_time", "services.dunning.store", "Q = f'select CURRENT_DATE from {t}'"),
    ("asks_sql_the_time", "services.dunning.store", "q = select(func.now())"),
    ("asks_sql_the_time", "services.gateway.operator", "q = sqlalchemy.func.current_date()"),
    ("subscriptions", "services.dunning.subscribers", "router.subscriber('t')(f)"),
    ("subscriptions", "plumbing.kafka", "router.subscriber('t')"),
    ("subscriptions", "plumbing.kafka", "router.subscriber('t', ack_policy=AckPolicy.ACK_FIRST)"),
    ("subscriptions", "plumbing.kafka", "router.subscriber('t', ack_policy=policy)"),
    ("direct_publishing", "services.dunning.handlers", "await broker.publish(b'', 'topic')"),
    ("waiting_rules", "law.interest", "async def f(): pass"),
    ("waiting_rules", "services.dunning.domain.ladder", "async def f(): await g()"),
    ("fractions", "law.interest", "rate = 0.08"),
    ("fractions", "services.payments.domain", "def f(amount: float) -> None: ..."),
    ("fractions", "contracts.terms", "rate = float('1')"),
    ("wordless", "law.interest", "import decimal"),
    ("wordless", "law.interest", ""),
    ("wordless", "law.interest", "'''  '''"),
    ("cards", "services.dunning", "'''Owns Hears Says Waits for Never.'''\nimport os"),
    ("cards", "services.dunning", "'''Reminds.'''"),
]

RIGHT: list[tuple[str, str, str]] = [
    (
        "reads_text_per_row",
        "services.dunning.store",
        'X = "id = any(cast(:ids as uuid[])) from unnest(cast(cast(:days as text) as date[]))"',
    ),
    ("set_twice", "services.dunning.store", "READ = 1\nREAD += 1\ndef f():\n    READ = 2"),
    ("forbidden_imports", "contracts.numbers.ocr", "from stdnum import luhn\nimport re"),
    ("forbidden_imports", "contracts.invoicing", "from contracts.terms import VatSum"),
    ("forbidden_imports", "law.calendar", "import holidays\nfrom contracts.terms import Component"),
    (
        "forbidden_imports",
        "plumbing.inbox",
        "from contracts.envelope import Event\nimport aiokafka",
    ),
    ("forbidden_imports", "plumbing.inbox", "from contracts import envelope\nimport asyncio"),
    ("forbidden_imports", "services.dunning.domain", "from law import calendar\nimport decimal"),
    ("forbidden_imports", "services.dunning.store", "from sqlalchemy import text"),
    (
        "forbidden_imports",
        "services.dunning.handlers",
        "from services.dunning import domain, store",
    ),
    ("forbidden_imports", "services.payments.handlers", "from services.payments import pain001"),
    ("forbidden_imports", "services.dunning.subscribers", "from services.dunning import handlers"),
    ("forbidden_imports", "services.dunning.api", "from services.dunning import handlers, store"),
    ("forbidden_imports", "services.dunning.app", "from services.dunning import api, store"),
    ("forbidden_imports", "services.payments.pain001", "from lxml import etree"),
    ("forbidden_imports", "services.dunning.migrations.env", "from alembic import context"),
    (
        "forbidden_imports",
        "deploy.standins.bank",
        "import aiohttp\nfrom deploy.standins import mail",
    ),
    ("forbidden_imports", "deploy.command", "from services.payments import store"),
    ("relative_imports", "law.interest", "from law import calendar"),
    ("late_imports", "law.interest", "if TYPE_CHECKING:\n    import decimal"),
    ("late_imports", "deploy.local.kafka", "def f():\n    import jgo"),
    ("asks_the_time", "plumbing.clock", "datetime.now(UTC)"),
    ("asks_the_time", "services.dunning.handlers", "clock.now()\ntime.monotonic()"),
    ("asks_the_time", "deploy.standins.bank", "datetime.now(UTC)"),
    ("asks_sql_the_time", "services.dunning.store", "'''Never calls now().'''"),
    ("asks_sql_the_time", "services.dunning.store", "Column('at', server_default=func.now())"),
    ("asks_sql_the_time", "services.dunning.store", "names = ['current_date']"),
    ("asks_sql_the_time", "services.dunning.migrations.versions.a", "op.execute('select now()')"),
    ("subscriptions", "services.dunning.app", "subscribe(router, topics, 'dunning', hear)"),
    (
        "subscriptions",
        "plumbing.kafka",
        "router.subscriber('t', ack_policy=AckPolicy.NACK_ON_ERROR)",
    ),
    ("direct_publishing", "services.dunning.handlers", "await tx.say(events)"),
    ("waiting_rules", "services.dunning.handlers", "async def f(): pass"),
    ("fractions", "law.interest", "rate = Decimal('0.08')"),
    ("fractions", "plumbing.relay", "pause = 0.5"),
    ("wordless", "law.interest", "'''Interest.'''"),
    ("cards", "services.dunning", "'''Owns Hears Says Waits for Never.'''"),
    ("cards", "services.gateway", "'''Who you are and what you may see.'''"),
]


def findings(rule: str, module: str, text: str) -> list[rules.Finding]:
    """What one rule finds in one text; a module of two words or fewer is a package."""
    of = next(each for each in RULES if each.__name__ == rule)
    return list(of(Source(module, text, is_package=module.count(".") < 2)))


@pytest.mark.parametrize(("rule", "module", "text"), WRONG)
def test_a_rule_finds_what_is_wrong(rule: str, module: str, text: str) -> None:
    """Each sample breaks its rule, and nothing else is asked of it."""
    assert findings(rule, module, text)


@pytest.mark.parametrize(("rule", "module", "text"), RIGHT)
def test_a_rule_lets_pass_what_is_right(rule: str, module: str, text: str) -> None:
    """Each sample keeps its rule."""
    assert findings(rule, module, text) == []


def test_every_rule_is_tried_both_ways() -> None:
    """No rule judges the house that has not been seen to fail."""
    names = {rule.__name__ for rule in RULES}
    assert {rule for rule, _, _ in WRONG} == names == {rule for rule, _, _ in RIGHT}


def test_every_module_of_a_tree_is_read(tmp_path: Path) -> None:
    """Packages, modules and what lies deeper, by their dotted names."""
    for path in ("law/__init__.py", "law/interest.py", "law/deep/er.py", "law/note.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = {(source.name, source.is_package) for source in rules.sources(tmp_path, ["law"])}
    assert found == {("law", True), ("law.interest", False), ("law.deep.er", False)}


def test_a_room_not_yet_open_needs_no_card_and_one_with_an_app_does() -> None:
    """What a room holds is judged from its first module; the card from the day it can run."""
    empty, begun = Source("services.dunning", "", True), Source("services.payments", "", True)
    module, app = Source("services.dunning.domain", "x = 1"), Source("services.payments.app", "")
    assert rules.built([empty, begun, module, app]) == [begun, module, app]
