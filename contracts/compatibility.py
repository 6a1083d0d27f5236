"""The gate of the contracts: what is published stays readable, in both directions of time.

Services are renewed one by one and topics are said again from the archive, so old data meets new
readers and new data meets old readers. The one change that harms neither is a new optional field.
Anything else is a new `.vN` beside the old type. Every shape of a schema that the main line of
history ever held is compared with today's, and so a clean clone judges by itself:

    python -m contracts.compatibility [--against REF]

A shape that was committed and never said outside a developer's machine, or whose last listener is
gone, is let go by a line in `withdrawn.txt` (type, digest, reason); `--withdraw REASON` writes it.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMAS = "schemas"
WITHDRAWN = "withdrawn.txt"

Schema = dict[str, Any]

ANNOTATIONS = {"title", "description", "examples", "deprecated", "$comment", "$schema", "$id"}
"""Keywords that tell people something and readers nothing."""
BRANCHES = ("anyOf", "oneOf", "allOf")
STRUCTURE = {
    "$ref", "$defs", "properties", "required", "items", "prefixItems", "additionalProperties",
    "enum", "const", *BRANCHES,
}  # fmt: skip
"""Keywords with a comparison of their own; every other one must be equal, known to us or not."""
MASK = "x-personal"


# --- comparing two shapes ---------------------------------------------------------------------


def breaks(old: Schema, new: Schema) -> list[str]:
    """What in `new` breaks readers of old data, or old readers of new data; empty if nothing."""
    return _Comparison(old, new, set()).between(old, new, "")


@dataclass(frozen=True)
class _Comparison:
    """Two documents, and the pairs of definitions already compared, for schemas that recur."""

    old_root: Schema
    new_root: Schema
    seen: set[tuple[str, str]]

    def between(self, old: Schema, new: Schema, at: str) -> list[str]:
        """Compare two places. `at` is the path from the root, for people."""
        if "$ref" in old and "$ref" in new:
            return self._references(old, new, at)
        old, new = _followed(old, self.old_root), _followed(new, self.new_root)
        found = list(_plain_keywords(old, new, at))
        found += _values(old, new, at)
        found += self._fields(old, new, at)
        found += self._elements(old, new, at)
        for branch in BRANCHES:
            found += self._alternatives(old.get(branch, []), new.get(branch, []), at, branch)
        return found

    def _references(self, old: Schema, new: Schema, at: str) -> list[str]:
        found = list(_plain_keywords(old, new, at))
        pair = (old["$ref"], new["$ref"])
        if pair in self.seen:
            return found
        self.seen.add(pair)
        was, now = _target(old["$ref"], self.old_root), _target(new["$ref"], self.new_root)
        return found + self.between(was, now, at)

    def _fields(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        must, must_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in was.keys() - now.keys():
            yield f"{at}/{name}: removed"
        for name in now.keys() - was.keys():
            if name in must_now:
                yield f"{at}/{name}: new and required"
        for name in was.keys() & now.keys():
            if (name in must) != (name in must_now):
                yield f"{at}/{name}: {'required no longer' if name in must else 'made required'}"
            yield from self.between(was[name], now[name], f"{at}/{name}")

    def _elements(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        for keyword, place in (("items", f"{at}[]"), ("additionalProperties", f"{at}/*")):
            was, now = old.get(keyword, True), new.get(keyword, True)
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self.between(was, now, place)
            elif was != now:
                yield f"{at or '/'}: {keyword} changed"
        firsts, firsts_now = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(firsts) != len(firsts_now):
            yield f"{at or '/'}: {len(firsts)} fixed elements became {len(firsts_now)}"
        for i, (was, now) in enumerate(zip(firsts, firsts_now, strict=False)):
            yield from self.between(was, now, f"{at}[{i}]")

    def _alternatives(
        self, old: list[Schema], new: list[Schema], at: str, branch: str
    ) -> Iterator[str]:
        lost, added = list(old), []
        for candidate in new:
            fits = [was for was in lost if not self._trial(was, candidate, at)]
            if fits:
                lost.remove(fits[0])
            else:
                added.append(candidate)
        if len(lost) == len(added) == 1 and _label(lost[0]) == _label(added[0]):
            yield from self.between(lost[0], added[0], at)
            return
        yield from (f"{at or '/'}: {branch} lost {_label(gone)}" for gone in lost)
        yield from (f"{at or '/'}: {branch} gained {_label(extra)}" for extra in added)

    def _trial(self, old: Schema, new: Schema, at: str) -> list[str]:
        return _Comparison(self.old_root, self.new_root, set(self.seen)).between(old, new, at)


def _target(reference: str, root: Schema) -> Schema:
    node: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node[step] if step else node
    return dict(node)


def _followed(node: Schema, root: Schema) -> Schema:
    """The node with its reference replaced by what it names; words beside `$ref` stay."""
    while "$ref" in node:
        beside = {keyword: value for keyword, value in node.items() if keyword != "$ref"}
        node = {**_target(node["$ref"], root), **beside}
    return node


def _plain_keywords(old: Schema, new: Schema, at: str) -> Iterator[str]:
    names = (old.keys() | new.keys()) - ANNOTATIONS - STRUCTURE
    for name in sorted(names):
        if name == MASK and not old.get(MASK):
            continue  # more masking harms no reader
        if name not in old:
            yield f"{at or '/'}: {name} {new[name]!r} added"
        elif name not in new:
            yield f"{at or '/'}: {name} {old[name]!r} removed"
        elif old[name] != new[name] or type(old[name]) is not type(new[name]):
            yield f"{at or '/'}: {name} {old[name]!r} became {new[name]!r}"


def _values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    was, now = _enumerated(old), _enumerated(new)
    if was is None or now is None:
        if was != now:
            yield f"{at or '/'}: {'any value' if was is None else 'listed values'} before, not now"
        return
    yield from (f"{at or '/'}: value {gone} removed" for gone in sorted(was - now))
    yield from (f"{at or '/'}: value {extra} added" for extra in sorted(now - was))


def _enumerated(node: Schema) -> set[str] | None:
    if "const" in node:
        return {json.dumps(node["const"])}
    return {json.dumps(value) for value in node["enum"]} if "enum" in node else None


def _label(node: Schema) -> str:
    named = node.get("$ref") or node.get("format") or node.get("type") or "anything"
    return str(named).rpartition("/")[2]


# --- what was published ------------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """A shape of an event type that the repository held at some commit."""

    type: str
    commit: str
    schema: Schema


class HistoryError(Exception):
    """The history cannot be read; the message is for people."""


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True)
    except FileNotFoundError as absent:
        raise HistoryError("git is not installed") from absent
    except subprocess.CalledProcessError as failed:
        raise HistoryError(failed.stderr.decode(errors="replace").strip()) from failed
    return done.stdout.decode()


def is_shallow(folder: Path) -> bool:
    """Whether the clone lacks its older history, so that older shapes cannot be seen."""
    return _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"


def ever_published(folder: Path) -> list[Published]:
    """Every shape that the main line of history held in `folder`/schemas, newest first.

    Raises HistoryError where there is no repository.
    """
    log = _git(
        folder, "log", "--first-parent", "--diff-merges=first-parent", "--raw", "--no-abbrev",
        "--no-renames", "--format=%H", "--", SCHEMAS,
    )  # fmt: skip
    found: dict[tuple[str, str], Published] = {}
    commit = ""
    for line in filter(None, log.splitlines()):
        if not line.startswith(":"):
            commit = line
            continue
        change, path = line.split("\t")
        blob = change.split()[3]
        name = Path(path).name.removesuffix(".json")
        if path.endswith(".json") and blob.strip("0") and (name, blob) not in found:
            content = json.loads(_git(folder, "cat-file", "blob", blob))
            found[name, blob] = Published(name, commit, content)
    return list(found.values())


def published_at(folder: Path, reference: str) -> list[Published]:
    """The shapes that one commit, branch or tag holds. Raises HistoryError if it is unknown."""
    commit = _git(folder, "rev-parse", "--verify", f"{reference}^{{commit}}").strip()
    names = _git(folder, "ls-tree", "--name-only", commit, f"{SCHEMAS}/").split()
    return [
        Published(
            Path(name).name.removesuffix(".json"),
            commit,
            json.loads(_git(folder, "show", f"{commit}:./{name}")),
        )
        for name in names
        if name.endswith(".json")
    ]


# --- the verdict -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A published shape that today's contract breaks."""

    shape: Published
    reasons: tuple[str, ...]


def today(folder: Path) -> dict[str, Schema]:
    """The schemas of the working tree, by type."""
    return {path.stem: json.loads(path.read_text()) for path in (folder / SCHEMAS).glob("*.json")}


def digest(schema: Schema) -> str:
    """Twelve hex digits that name a published shape."""
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:12]


def withdrawn(folder: Path) -> set[tuple[str, str]]:
    """Type and digest of the shapes that need not be read any more."""
    file = folder / WITHDRAWN
    lines = file.read_text().splitlines() if file.exists() else []
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {(type_, mark) for type_, mark, *_ in words}


def faults(
    published: Iterable[Published], now: dict[str, Schema], let_go: set[tuple[str, str]]
) -> list[Fault]:
    """The published shapes that `now` does not read, or that do not read it."""
    found = []
    for shape in published:
        if (shape.type, digest(shape.schema)) in let_go:
            continue
        reasons = _verdict(shape, now)
        if reasons:
            found.append(Fault(shape, tuple(sorted(set(reasons)))))
    return found


def _verdict(shape: Published, now: dict[str, Schema]) -> list[str]:
    if shape.type not in now:
        return ["the type is removed"]
    return breaks(shape.schema, now[shape.type])


def _say(fault: Fault) -> None:
    shape = fault.shape
    sys.stderr.write(f"{shape.type} as of {shape.commit[:12]} (digest {digest(shape.schema)})\n")
    for reason in fault.reasons:
        sys.stderr.write(f"    {reason}\n")


def _withdraw(folder: Path, found: list[Fault], reason: str) -> None:
    lines = [f"{f.shape.type} {digest(f.shape.schema)} {reason}\n" for f in found]
    with (folder / WITHDRAWN).open("a") as file:
        file.writelines(lines)


def main(folder: Path = HERE, words: list[str] | None = None) -> int:
    """Compare and say; 1 when something breaks. A missing or shallow history is said aloud."""
    parser = argparse.ArgumentParser(prog="contracts.compatibility", description=__doc__)
    parser.add_argument("--against", metavar="REF", help="one commit instead of the whole history")
    parser.add_argument("--withdraw", metavar="REASON", help="let the broken shapes go")
    chosen = parser.parse_args(words)
    try:
        if chosen.against:
            shapes = published_at(folder, chosen.against)
        else:
            shapes = ever_published(folder)
            if is_shallow(folder):
                sys.stderr.write("Shallow clone: older shapes of the contracts were not seen.\n")
    except HistoryError as error:
        sys.stderr.write(f"No history to compare the contracts with: {error}\n")
        return 1 if chosen.against else 0
    found = faults(shapes, today(folder), withdrawn(folder))
    if chosen.withdraw:
        _withdraw(folder, found, chosen.withdraw)
        return 0
    for fault in found:
        _say(fault)
    verdict = f"{len(found)} broken" if found else "all can be read"
    sys.stdout.write(f"{len(shapes)} published shapes of events: {verdict}.\n")
    if found:
        sys.stderr.write("A breaking change is a new .vN beside the old type; see the docstring.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
