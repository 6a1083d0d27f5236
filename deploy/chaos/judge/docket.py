"""Where checks write down what they looked at and what was wrong."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

ENOUGH = 25
"""Faults of one kind that are written out; the others are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One guarantee that did not hold: its kind, what it is about, and what was seen."""

    kind: str
    about: str
    text: str


@dataclass
class Docket:
    """The court's paper: `checked` counts what was compared, `seen` the outcomes met."""

    checked: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def fault(self, kind: str, about: str, text: str) -> None:
        """Write a fault down."""
        self.kinds[kind] += 1
        if self.kinds[kind] <= ENOUGH:
            self.faults.append(Fault(kind, about, text))

    def same(self, kind: str, about: str, must: object, found: object, what: str = "") -> None:
        """Compare; a difference is a fault."""
        self.checked[kind] += 1
        if must != found:
            name = f"{what}: " if what else ""
            self.fault(kind, about, f"{name}must be {must}, is {found}")

    def holds(self, kind: str, about: str, condition: bool, otherwise: str) -> None:
        """Ask; a no is a fault."""
        self.checked[kind] += 1
        if not condition:
            self.fault(kind, about, otherwise)


@dataclass(frozen=True)
class Verdict:
    """What the judge says of a run."""

    checked: Mapping[str, int]
    seen: Mapping[str, int]
    faults: tuple[Fault, ...]
    kinds: Mapping[str, int]

    @property
    def upheld(self) -> bool:
        """Whether every guarantee held."""
        return not self.faults
