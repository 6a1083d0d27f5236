"""The figures of one run: gathered, printed as a table and written to `build/bench.json`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

OUT = Path("build/bench.json")


@dataclass(frozen=True)
class Figure:
    """One measured value; `ratio` is value / baseline, a figure of the raw machine."""

    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


@dataclass
class Figures:
    """What this run has measured so far."""

    console: Console = field(default_factory=Console)
    by_name: dict[str, Figure] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str, baseline: str | None = None) -> None:
        """Keep a value; `baseline` names an earlier figure of this run."""
        base = self.by_name[baseline].value if baseline else None
        ratio = round(value / base, 4) if base else None
        self.by_name[name] = Figure(round(value, 2), unit, base, ratio)
        self.console.print(f"  {name}: {value:,.1f} {unit}" + (f"  ×{ratio}" if ratio else ""))

    def write(self) -> None:
        """Print the table and write the file."""
        table = Table("what", "value", "unit", "baseline", "ratio", title="Bench")
        for name, figure in self.by_name.items():
            base = f"{figure.baseline:,.0f}" if figure.baseline else ""
            ratio = f"{figure.ratio:.3f}" if figure.ratio else ""
            table.add_row(name, f"{figure.value:,.1f}", figure.unit, base, ratio)
        self.console.print(table)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps({n: asdict(f) for n, f in self.by_name.items()}, indent=2))
        print(f"written to {OUT}", file=sys.stderr)
