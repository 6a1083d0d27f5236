"""Every form of the house is read strictly: what no column can hold is refused by its field."""

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import services
from plumbing import operations
from plumbing.fields import Form, Lines, Reason, Street, Text
from plumbing.problems import LONGEST_NAME, MOST_FAULTS, field_errors

GATEWAYS_DOORS = ("services.gateway.demo", "services.gateway.operations.overview")
"""Those of its modules that read JSON; its other doors read forms of pages."""


def _doors() -> Iterator[object]:
    """The modules in which doors of HTTP stand."""
    yield operations
    for each in pkgutil.walk_packages(services.__path__, "services."):
        if ".api" in each.name or each.name in GATEWAYS_DOORS:
            yield import_module(each.name)


BODIES = {
    f"{value.__module__}.{value.__name__}": value
    for module in _doors()
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, BaseModel) and value not in (BaseModel, Form)
    if ".api" in value.__module__ or value.__module__ in (operations.__name__, *GATEWAYS_DOORS)
}


def test_the_bodies_of_the_house_are_found() -> None:
    assert len(BODIES) > 25


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_is_a_form_and_no_field_takes_what_no_column_can_hold(
    body: type[BaseModel],
) -> None:
    """NUL in any of its texts, and any field that it does not know, is told by the field's name."""
    assert issubclass(body, Form)
    given = dict.fromkeys([*body.model_fields, "unknown"], "a text \0 of some length")
    with pytest.raises(ValidationError) as refused:
        body.model_validate(given)
    assert {error["loc"][0] for error in refused.value.errors()} == set(given)


@pytest.mark.parametrize(
    "unseen",
    ["\u200b\u200b", "\u2060", "\u00ad", "\u3164", "\u2800", "\u034f\ufe0f", "\u00a0 \u200d"],
)  # fmt: skip
def test_a_text_in_which_nothing_can_be_seen_is_empty(unseen: str) -> None:
    for kind in (Text, Lines):
        field = TypeAdapter[str](kind)
        with pytest.raises(ValidationError, match="is empty"):
            field.validate_python(unseen)
        for seen in (f"{unseen}hej", f"{unseen}?", f"\U0001f44d{unseen}", f"5{unseen}"):
            assert field.validate_python(seen) == seen
    assert TypeAdapter[str](Text).validate_python("") == ""


def test_no_answer_grows_with_what_was_sent() -> None:
    """A hundred thousand fields that nobody asked for are one fault, also in a form within one."""
    flood = json.dumps({f"k{n}": n for n in range(100_000)})

    class Inner(Form):
        street: Street | None = None

    class Outer(Form):
        inner: Inner | None = None
        reasons: tuple[Reason, ...] = ()

    for sent in (flood, f'{{"inner": {flood}}}'):
        with pytest.raises(ValidationError) as refused:
            Outer.model_validate_json(sent)
        assert len(field_errors(refused.value)) == 1
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate_json(json.dumps({"k" * 5_000: 1, "reasons": ["x"] * 5_000}))
    told = field_errors(refused.value)
    assert len(told) == MOST_FAULTS == 100
    assert max(len(each["field"]) for each in told) <= LONGEST_NAME
