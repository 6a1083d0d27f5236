"""Prints the ten longest files and functions: `python -m tests.architecture.sizes`.

Nine functions in ten within 25 lines, files within 400: signs, not laws. Nothing fails here, for a
function is never cut in two to please a number.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture.rules import PACKAGES, Source, sources

ROOT = Path(__file__).parents[2]
SHOWN = 10


def files(house: Iterable[Source]) -> list[tuple[int, str]]:
    """Lines and name of every module, longest first."""
    return sorted(((len(source.text.splitlines()), source.name) for source in house), reverse=True)


def functions(house: Iterable[Source]) -> list[tuple[int, str]]:
    """Lines and name of every function, longest first."""
    return sorted((each for source in house for each in _of(source)), reverse=True)


def _of(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{source.name}.{node.name}"


def report(house: list[Source]) -> str:
    """The two lists, with what the house aims for."""
    every, longest = functions(house), files(house)
    short = sum(lines <= 25 for lines, _ in every) * 100 // max(1, len(every))
    told = [f"{len(every)} functions, {short} % within 25 lines; the longest:"]
    told += [f"  {lines:5} {name}" for lines, name in every[:SHOWN]]
    total = sum(lines for lines, _ in longest)
    told += [f"{len(longest)} files, {total} lines in all; the longest (aim: 400):"]
    told += [f"  {lines:5} {name}" for lines, name in longest[:SHOWN]]
    return "\n".join(told) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(sources(ROOT, (*PACKAGES, "tests"))))
