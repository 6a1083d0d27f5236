"""The rules of the house that a program can read off the source: imports, time, doors, docstrings.

Each rule takes sources and returns findings, and knows nothing of where they lie, so each is tried
on a sample that must fail before it judges the house (`test_rules.py`, `test_house.py`).
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("contracts", "law", "plumbing", "services", "deploy")
ROOMS = ("invoicing", "payments", "dunning", "collections", "notifications", "gateway")
DOORS = ("subscribers", "timers", "api")

STANDARD = frozenset(sys.stdlib_module_names)
IMPURE = frozenset(
    {
        "asyncio", "concurrent", "ctypes", "ftplib", "glob", "http", "imaplib", "importlib", "io",
        "logging", "multiprocessing", "os", "pathlib", "poplib", "random", "sched", "secrets",
        "select", "selectors", "shutil", "signal", "smtplib", "socket", "socketserver", "sqlite3",
        "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    }
)  # fmt: skip
"""Parts of the standard library that reach outside a pure function."""


@dataclass(frozen=True)
class Source:
    """One module: its dotted name and its text."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


@dataclass(frozen=True, order=True)
class Finding:
    """Where a rule is broken, and how."""

    module: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"


Rule = Callable[[Source], Iterable[Finding]]


def sources(root: Path, packages: Iterable[str] = PACKAGES) -> list[Source]:
    """Every module of the given packages."""
    found = []
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = list(path.relative_to(root).with_suffix("").parts)
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Source(name, path.read_text(), is_package))
    return found


def built(house: list[Source]) -> list[Source]:
    """The house without the empty packages of rooms that have not opened: those without an app."""
    opened = {source.name.removesuffix(".app") for source in house if source.name.endswith(".app")}
    return [
        source
        for source in house
        if not (re.fullmatch(r"services\.[a-z]+", source.name) and source.name not in opened)
    ]


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, wherever in the module."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of the packages or lies inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# --- who may import whom (style.md 4) ----------------------------------------------------------


@dataclass(frozen=True)
class Circle:
    """What a kind of module may import. `third_parties` allows every foreign library."""

    ours: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    third_parties: bool = False
    pure: bool = False
    never: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        """Whether a module in this circle may import the full name."""
        top = name.partition(".")[0]
        if within(name, *self.never):
            return False
        if top in (*PACKAGES, "tests"):
            return within(name, *self.ours)
        if top in STANDARD:
            return not (self.pure and top in IMPURE)
        return self.third_parties or within(name, *self.foreign)


def circle_of(module: str) -> Circle:
    """The row of the table that a module falls under."""
    parts = module.split(".")
    match parts:
        case ["contracts", *_]:
            libraries = ("pydantic", "pydantic_core", "stdnum", "orjson", "uuid_utils")
            return Circle(("contracts",), libraries)
        case ["law", *_]:
            return Circle(("law", "contracts"), ("holidays",), pure=True)
        case ["plumbing", *_]:
            return Circle(("plumbing", "contracts.envelope"), third_parties=True)
        case ["deploy", "standins", *_]:
            return Circle(("deploy.standins",), third_parties=True)
        case ["deploy", "chaos", "judge", *_]:
            return Circle(("deploy.chaos.judge",), third_parties=True)
        case ["deploy", *_]:
            return Circle(PACKAGES, third_parties=True)
        case ["services", "gateway", *_]:
            own = ("services.gateway", "contracts", "plumbing")
            return Circle(own, third_parties=True)
        case ["services", room, role, *_]:
            return _room_circle(f"services.{room}", role)
    return Circle()  # the cards: services/__init__.py and each room's own


def _room_circle(room: str, role: str) -> Circle:
    shared = ("contracts", "plumbing")
    doors = tuple(f"{room}.{door}" for door in (*DOORS, "app", "settings"))
    match role:
        case "domain":
            return Circle((f"{room}.domain", "contracts", "law"), pure=True)
        case "store":
            return Circle((f"{room}.store", f"{room}.domain", *shared), ("sqlalchemy",))
        case "handlers":
            return Circle((room, *shared, "law"), ("structlog",), never=doors)
        case "subscribers" | "timers":
            return Circle((f"{room}.{role}", f"{room}.handlers", *shared), ("faststream",))
        case "api":
            own = (f"{room}.api", f"{room}.handlers", f"{room}.store")
            return Circle((*own, *shared), ("fastapi", "starlette", "pydantic"))
        case "settings":
            return Circle((f"{room}.settings", *shared), ("pydantic", "pydantic_settings"))
        case "migrations":
            return Circle((f"{room}.migrations", *shared), ("alembic", "sqlalchemy"))
        case "app":
            return Circle((room, *shared, "law"), third_parties=True)
    outside = (*doors, f"{room}.handlers", f"{room}.store")
    return Circle((room, *shared, "law"), third_parties=True, never=outside)


def forbidden_imports(source: Source) -> Iterator[Finding]:
    """Imports that the table does not allow."""
    circle = circle_of(source.name)
    for line, name in imports(source):
        if not circle.allows(name):
            yield Finding(source.name, line, f"may not import {name}")


def relative_imports(source: Source) -> Iterator[Finding]:
    """Imports are absolute."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            yield Finding(source.name, node.lineno, "relative import")


def late_imports(source: Source) -> Iterator[Finding]:
    """Imports stand at the top of the file; what deploy starts may be an extra, and is free."""
    if within(source.name, "deploy"):
        return
    for outer in ast.walk(source.tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for node in ast.walk(outer):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield Finding(source.name, node.lineno, "import below the top of the file")


# --- what time it is (style.md 5) --------------------------------------------------------------

CLOCK = "plumbing.clock"
KNOWS_THE_TIME = (CLOCK, "deploy")
"""Deploy starts and measures things in real time; stand-ins and the judge keep their own."""
ASKS_THE_TIME = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|"
    r"time\.(time|time_ns|localtime|gmtime|ctime|asctime)|localtime|gmtime)$"
)
SQL_CALL = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(", re.I
)
SQL_WORD = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp|localtime)\b", re.I
)
STATEMENT = re.compile(r"\b(select|insert|update|delete|where|values|set)\b", re.I)
TEXT_IN_ANY = re.compile(r"any\s*\(\s*cast\s*\(\s*cast\b", re.IGNORECASE)
SQL_FUNCTIONS = re.compile(
    r"^(sqlalchemy\.)?func\.(now|current_date|current_timestamp|current_time|localtimestamp|"
    r"clock_timestamp|statement_timestamp|transaction_timestamp)$"
)


def asks_the_time(source: Source) -> Iterator[Finding]:
    """Only `plumbing/clock.py` asks what time it is; time that passes (monotonic) is free."""
    if within(source.name, *KNOWS_THE_TIME):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ASKS_THE_TIME.search(dotted(node)):
            yield Finding(source.name, node.lineno, f"{dotted(node)} asks what time it is")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                if ASKS_THE_TIME.search(f"time.{alias.name}"):
                    yield Finding(source.name, node.lineno, f"time.{alias.name} is imported")


def asks_sql_the_time(source: Source) -> Iterator[Finding]:
    """No SQL of a service asks the database's clock, but for technical columns' defaults."""
    if not within(source.name, "services") or ".migrations" in source.name:
        return
    free = set(_docstrings(source.tree)) | set(_server_defaults(source.tree))
    for node in ast.walk(source.tree):
        if id(node) in free:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_late(node.value):
            yield Finding(source.name, node.lineno, "SQL asks what time it is")
        if isinstance(node, ast.Attribute) and SQL_FUNCTIONS.match(dotted(node)):
            yield Finding(source.name, node.lineno, f"{dotted(node)} asks what time it is")


def _is_late(text: str) -> bool:
    word = SQL_WORD.search(text) and STATEMENT.search(text)
    return bool(SQL_CALL.search(text) or word)


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _server_defaults(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("server_default", "server_onupdate"):
            yield from (id(part) for part in ast.walk(node.value))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain; calls and the like inside it are left out."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


# --- doors (style.md 6) ------------------------------------------------------------------------

POLICY = "AckPolicy.NACK_ON_ERROR"


def subscriptions(source: Source) -> Iterator[Finding]:
    """Services subscribe through plumbing alone, and plumbing names the one policy each time."""
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != "subscriber":
            continue
        if not within(source.name, "plumbing"):
            yield Finding(source.name, node.lineno, "subscribes past plumbing's one helper")
            continue
        policies = [dotted(each.value) for each in node.keywords if each.arg == "ack_policy"]
        if not (policies and policies[0].endswith(POLICY)):
            yield Finding(source.name, node.lineno, f"a subscriber without {POLICY}")


def direct_publishing(source: Source) -> Iterator[Finding]:
    """What is not in the outbox was not said: services never publish."""
    if not within(source.name, "services"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in (
            "publish",
            "publish_batch",
            "publisher",
        ):
            yield Finding(source.name, node.lineno, f".{node.attr} goes past the outbox")


# --- rules are pure (style.md 5) ---------------------------------------------------------------


def _is_pure(module: str) -> bool:
    return within(module, "law") or bool(re.match(r"services\.[a-z]+\.domain(\.|$)", module))


def waiting_rules(source: Source) -> Iterator[Finding]:
    """Law and domain never wait."""
    if not _is_pure(source.name):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield Finding(source.name, node.lineno, "a rule that waits")


def fractions(source: Source) -> Iterator[Finding]:
    """No binary fractions where money is said or decided."""
    if not (_is_pure(source.name) or within(source.name, "contracts")):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield Finding(source.name, node.lineno, f"the float {node.value}")
        if isinstance(node, ast.Name) and node.id == "float":
            yield Finding(source.name, node.lineno, "float")


# --- words (style.md 2, 9) ---------------------------------------------------------------------

CARD = ("Owns", "Hears", "Says", "Waits for", "Never")


def wordless(source: Source) -> Iterator[Finding]:
    """Every module opens with a paragraph that says why it exists."""
    if not (ast.get_docstring(source.tree) or "").strip():
        yield Finding(source.name, 1, "no docstring")


def cards(source: Source) -> Iterator[Finding]:
    """A room's `__init__.py` is its card and nothing else."""
    if not (source.is_package and re.fullmatch(r"services(\.[a-z]+)?", source.name)):
        return
    if len(source.tree.body) > 1:
        yield Finding(source.name, source.tree.body[1].lineno, "a card holds a docstring only")
    told = ast.get_docstring(source.tree) or ""
    if source.name.removeprefix("services.") in ROOMS[:-1]:
        yield from (
            Finding(source.name, 1, f"the card lacks {word!r}") for word in CARD if word not in told
        )


def set_twice(source: Source) -> Iterator[Finding]:
    """A constant has one value: a second statement of the same name takes the first one's place,
    and whoever meant the first runs the second."""
    seen: set[str] = set()
    for node in source.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and not isinstance(node, ast.AugAssign):
                if target.id in seen:
                    yield Finding(source.name, node.lineno, f"{target.id} is set a second time")
                seen.add(target.id)


def reads_text_per_row(source: Source) -> Iterator[Finding]:
    """No `= any(...)` over an array that is still text: a plan that walks the table would read the
    text again for each row."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and TEXT_IN_ANY.search(str(node.value)):
            yield Finding(source.name, node.lineno, "= any() reads its text again for each row")


RULES: tuple[Rule, ...] = (
    forbidden_imports,
    relative_imports,
    late_imports,
    asks_the_time,
    asks_sql_the_time,
    subscriptions,
    direct_publishing,
    waiting_rules,
    fractions,
    wordless,
    cards,
    set_twice,
    reads_text_per_row,
)
