"""The gate that guards the contracts, itself put to the test: each kind of breaking change."""

import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from contracts import compatibility
from contracts.compatibility import HERE, breaks, ever_published, faults, today, withdrawn
from contracts.generate import rendered
from tests.running import NEEDS_HISTORY

Schema = dict[str, Any]


def an_object(*required: str, **properties: Schema) -> Schema:
    return {
        "$id": "urn:betalt:toys.toy.made.v1",
        "x-topic": "toys.toys",
        "x-key": "toy_id",
        "type": "object",
        "properties": properties,
        "required": list(required),
    }


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NULL: Schema = {"type": "null"}
COLOUR: Schema = {"type": "string", "enum": ["red", "blue"]}


def field(**keywords: Any) -> Schema:
    """A toy with one required field."""
    return an_object("it", it=keywords)


def either(*kinds: Schema) -> Schema:
    return field(anyOf=list(kinds))


def named(reference: str, **definitions: Schema) -> Schema:
    return {**field(**{"$ref": f"#/$defs/{reference}"}), "$defs": definitions}


def tree(**leaf: Any) -> Schema:
    """A definition that contains itself."""
    children = {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    node = {"type": "object", "properties": {"leaf": leaf, "children": children}}
    return named("Tree", Tree=node)


REFUSED: dict[str, tuple[Schema, Schema]] = {
    "a field removed": (an_object("a", a=TEXT, b=TEXT), an_object("a", a=TEXT)),
    "a field renamed": (an_object("a", a=TEXT), an_object("b", b=TEXT)),
    "a new field required": (an_object("a", a=TEXT), an_object("a", "b", a=TEXT, b=TEXT)),
    "an optional field made required": (an_object(a=TEXT), an_object("a", a=TEXT)),
    "a required field made optional": (an_object("a", a=TEXT), an_object(a=TEXT)),
    "another type": (field(type="string"), field(type="integer")),
    "a type no longer said": (field(type="string"), field()),
    "another format": (field(type="string", format="date"), field(type="string", format="uuid")),
    "a format added": (field(type="string"), field(type="string", format="date")),
    "another pattern": (field(pattern="^[0-9]+$"), field(pattern="^[0-9]{2,}$")),
    "a default changed": (field(type="integer", default=1), field(type="integer", default=2)),
    "a default of another kind": (field(default=1), field(default=True)),
    "a list value removed": (field(**COLOUR), field(type="string", enum=["red"])),
    "a list value added": (field(**COLOUR), field(type="string", enum=["red", "blue", "green"])),
    "a list closed to one": (field(**COLOUR), field(type="string", const="red")),
    "one value opened to a list": (field(type="string", const="red"), field(**COLOUR)),
    "text closed to a list": (field(**TEXT), field(**COLOUR)),
    "a list opened to any text": (field(**COLOUR), field(**TEXT)),
    "another single value": (field(const="red"), field(const="blue")),
    "null no longer allowed": (either(TEXT, NULL), field(**TEXT)),
    "null allowed": (field(**TEXT), either(TEXT, NULL)),
    "an alternative removed": (either(TEXT, WHOLE, NULL), either(TEXT, NULL)),
    "an alternative added": (either(TEXT, NULL), either(TEXT, WHOLE, NULL)),
    "an alternative of another format": (
        either({"type": "string", "format": "date"}, NULL),
        either({"type": "string", "format": "uuid"}, NULL),
    ),
    "a limit inside an alternative": (
        either({"type": "string", "maxLength": 20}, NULL),
        either({"type": "string", "maxLength": 10}, NULL),
    ),
    "a change of what an alternative names": (
        {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": an_object("a", a=TEXT)}},
        {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": an_object("a", a=WHOLE)}},
    ),
    "elements of another type": (
        field(type="array", items=TEXT),
        field(type="array", items=WHOLE),
    ),
    "elements no longer said": (field(type="array", items=TEXT), field(type="array")),
    "fixed elements lost": (field(prefixItems=[TEXT, TEXT]), field(prefixItems=[TEXT])),
    "a fixed element of another type": (field(prefixItems=[TEXT]), field(prefixItems=[WHOLE])),
    "unknown fields forbidden": (
        field(type="object"),
        field(type="object", additionalProperties=False),
    ),
    "values of a mapping retyped": (
        field(type="object", additionalProperties=TEXT),
        field(type="object", additionalProperties=WHOLE),
    ),
    "a nested field removed": (
        named("A", A=an_object("a", "b", a=TEXT, b=TEXT)),
        named("A", A=an_object("a", a=TEXT)),
    ),
    "a reference to something else": (named("A", A=TEXT, B=WHOLE), named("B", A=TEXT, B=WHOLE)),
    "a default beside a reference": (
        an_object(it={"$ref": "#/$defs/A", "default": "red"}) | {"$defs": {"A": COLOUR}},
        an_object(it={"$ref": "#/$defs/A", "default": "blue"}) | {"$defs": {"A": COLOUR}},
    ),
    "a change inside what recurs": (tree(type="string"), tree(type="integer")),
    "another topic": (an_object(), an_object() | {"x-topic": "toys.others"}),
    "another key": (an_object(), an_object() | {"x-key": "child_id"}),
    "another unit": (field(**{"x-unit": "öre"}), field(**{"x-unit": "krona"})),
    "a mask taken off": (field(type="string", **{"x-personal": True}), field(type="string")),
    "a keyword nobody thought of": (field(contentEncoding="base64"), field()),
}
LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
)  # fmt: skip
for limit in LIMITS:
    REFUSED[f"{limit} added"] = (field(), field(**{limit: 5}))
    REFUSED[f"{limit} removed"] = (field(**{limit: 5}), field())
    REFUSED[f"{limit} raised"] = (field(**{limit: 5}), field(**{limit: 6}))
    REFUSED[f"{limit} lowered"] = (field(**{limit: 5}), field(**{limit: 4}))

ALLOWED: dict[str, tuple[Schema, Schema]] = {
    "nothing": (an_object("a", a=TEXT), an_object("a", a=TEXT)),
    "a new optional field with a default": (
        an_object("a", a=TEXT),
        an_object("a", a=TEXT, b={"type": "integer", "default": 1}),
    ),
    "a new optional field deep inside": (
        named("A", A=an_object("a", a=TEXT)),
        named("A", A=an_object("a", a=TEXT, b={**TEXT, "default": ""})),
    ),
    "a new optional field inside an alternative": (
        {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": an_object("a", a=TEXT)}},
        {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": an_object("a", a=TEXT, b=TEXT)}},
    ),
    "other words": (
        field(type="string", title="A", description="before", examples=["a"]),
        field(type="string", title="B", description="after", deprecated=True),
    ),
    "another order of fields": (
        an_object("a", "b", a=TEXT, b=WHOLE),
        an_object("b", "a", b=WHOLE, a=TEXT),
    ),
    "another order of values": (field(**COLOUR), field(type="string", enum=["blue", "red"])),
    "another order of alternatives": (either(TEXT, NULL), either(NULL, TEXT)),
    "a list of one instead of one value": (field(const="red"), field(enum=["red"])),
    "a definition renamed": (named("A", A=COLOUR), named("B", B=COLOUR)),
    "a definition written in place": (named("A", A=COLOUR), field(**COLOUR)),
    "a definition with a default written in place": (
        an_object(it={"$ref": "#/$defs/A", "default": "red"}) | {"$defs": {"A": COLOUR}},
        an_object(it={**COLOUR, "default": "red"}),
    ),
    "a mask put on": (field(type="string"), field(type="string", **{"x-personal": True})),
    "what recurs, unchanged": (tree(type="string"), tree(type="string")),
    "what recurs, described": (tree(type="string"), tree(type="string", description="a leaf")),
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_change_that_breaks_a_reader_is_refused(change: str) -> None:
    """Each kind of breaking change, alone."""
    assert breaks(*deepcopy(REFUSED[change]))


@pytest.mark.parametrize("change", ALLOWED)
def test_a_change_that_harms_nobody_is_accepted(change: str) -> None:
    """Each kind of compatible change, alone."""
    assert breaks(*deepcopy(ALLOWED[change])) == []


def test_a_refusal_names_the_place_and_both_values() -> None:
    """Whoever is refused sees where and what."""
    old = {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": field(maxLength=20)}}
    new = {**either({"$ref": "#/$defs/A"}, NULL), "$defs": {"A": field(maxLength=10)}}
    assert breaks(old, new) == ["/it/it: maxLength 20 became 10"]


class Leaf(BaseModel):
    """A model as pydantic writes it, with everything the contracts use."""

    colour: Literal["red", "blue"] = "red"
    weight: Annotated[int, Field(ge=0, le=10)]
    name: Annotated[str, Field(min_length=1, max_length=5)] | None
    children: "list[Leaf]" = []


class LighterLeaf(BaseModel):
    """The same with one limit moved, two levels down in a recursive definition."""

    colour: Literal["red", "blue"] = "red"
    weight: Annotated[int, Field(ge=0, le=9)]
    name: Annotated[str, Field(min_length=1, max_length=5)] | None
    children: "list[LighterLeaf]" = []


def test_schemas_as_pydantic_writes_them_are_compared() -> None:
    """References, recursion, limits and alternatives in the form our generator really gives."""
    leaf, lighter = Leaf.model_json_schema(), LighterLeaf.model_json_schema()
    assert breaks(leaf, leaf) == []
    assert breaks(leaf, lighter) == ["/weight: maximum 10 became 9"]


# --- history ----------------------------------------------------------------------------------

MADE = "toys.toy.made.v1"


class Workshop:
    """A small repository with one schema in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "schemas").mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def write(self, schema: Schema) -> None:
        (self.folder / "schemas" / f"{MADE}.json").write_text(rendered(schema))

    def publish(self, schema: Schema) -> None:
        self.write(schema)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=publish")

    def judge(self, *words: str) -> int:
        return compatibility.main(self.folder, list(words))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A repository whose first commit publishes a toy with one field."""
    shop = Workshop(tmp_path)
    shop.publish(an_object("a", a=TEXT))
    return shop


def test_a_clean_clone_compares_with_all_that_was_ever_published(workshop: Workshop) -> None:
    """A break is found commits later, when the tree equals the newest commit."""
    workshop.publish(an_object("a", a=TEXT, b={**WHOLE, "default": 1}))
    assert workshop.judge() == 0
    workshop.publish(an_object("a", "b", a=TEXT, b=WHOLE))
    workshop.publish(an_object("a", "b", a=TEXT, b=WHOLE, c={**TEXT, "default": ""}))
    assert workshop.judge() == 1


def test_what_is_not_committed_yet_is_judged_too(workshop: Workshop) -> None:
    """The working tree is what counts as today."""
    workshop.write(an_object("a", a=WHOLE))
    assert workshop.judge() == 1


def test_a_type_that_disappears_is_refused(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Removing a type needs its shapes let go by name."""
    (workshop.folder / "schemas" / f"{MADE}.json").unlink()
    workshop.git("commit", "--quiet", "--all", "--message=remove")
    assert workshop.judge() == 1
    assert "the type is removed" in capsys.readouterr().err


def test_a_shape_let_go_by_name_binds_nobody_any_more(workshop: Workshop) -> None:
    """`--withdraw` writes type, digest and reason; other shapes go on being read."""
    workshop.publish(an_object("a", a=WHOLE))
    assert workshop.judge() == 1
    assert workshop.judge("--withdraw", "never said outside a developer's machine") == 0
    assert workshop.judge() == 0
    workshop.publish(an_object("a", a=COLOUR))
    assert workshop.judge() == 1


def test_drafts_of_a_branch_bind_nobody_once_merged_differently(workshop: Workshop) -> None:
    """Only what the main line held was published."""
    workshop.git("checkout", "--quiet", "-b", "draft")
    workshop.publish(an_object("a", a=TEXT, draft={**TEXT, "default": ""}))
    workshop.publish(an_object("a", a=TEXT, final={**TEXT, "default": ""}))
    workshop.git("checkout", "--quiet", "main")
    workshop.git("merge", "--quiet", "--no-ff", "--message=merge", "draft")
    assert workshop.judge() == 0
    assert len(ever_published(workshop.folder)) == 2
    workshop.write(an_object("a", a=TEXT))
    assert workshop.judge() == 1


def test_one_commit_can_be_compared_with(workshop: Workshop) -> None:
    """`--against` looks at that commit alone, and refuses a commit it does not know."""
    workshop.publish(an_object("a", a=WHOLE))
    assert workshop.judge("--against", "HEAD") == 0
    assert workshop.judge("--against", "HEAD~1") == 1
    assert workshop.judge("--against", "nowhere") == 1


def test_a_shallow_clone_says_that_it_sees_less(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Older shapes are missing there: the verdict is given with that said."""
    workshop.publish(an_object("a", a=WHOLE))
    place = tmp_path_factory.mktemp("clones")
    workshop.git("clone", "--quiet", "--depth=1", f"file://{workshop.folder}", f"{place}/shallow")
    assert compatibility.main(place / "shallow", []) == 0
    assert "Shallow clone" in capsys.readouterr().err


def test_without_a_history_it_is_said_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree unpacked from an archive has nothing to compare with."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert compatibility.main(tmp_path, []) == 0
    assert "No history to compare" in capsys.readouterr().err


def test_every_shape_the_house_ever_published_is_still_read() -> None:
    """The gate itself, on this repository's own history."""
    try:
        published = ever_published(HERE)
    except compatibility.HistoryError as absent:
        pytest.skip(f"{NEEDS_HISTORY}: {absent}")
    broken = faults(published, today(HERE), withdrawn(HERE))
    assert [(fault.shape.type, fault.reasons) for fault in broken] == []


def test_every_withdrawn_shape_has_a_reason() -> None:
    """A line without a reason lets nothing go quietly."""
    lines = (HERE / compatibility.WITHDRAWN).read_text().splitlines()
    told = [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]
    assert all(len(words) == 3 for words in told)
