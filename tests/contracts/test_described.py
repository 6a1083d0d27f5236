"""What the code says of itself: AsyncAPI documents and the README's table, equal to the code."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from contracts.asyncapi import document, yaml
from contracts.catalogue import SPEAKERS, events, said_by
from contracts.dunning import CollectionProposed, ReminderProposed
from contracts.invoicing import InvoiceIssued
from contracts.topics import TOPICS
from deploy.describe import (
    ROOT,
    SERVICES,
    heard_by,
    hearing,
    stale,
    wanted,
    who_hears_whom,
    with_part,
)
from deploy.describe_settings import settings_page
from services.payments.settings import Settings
from tests.askers import PUBLIC_KEY


def of_dunning() -> dict[str, Any]:
    """A document with one thing heard and two said."""
    says = (ReminderProposed, CollectionProposed)
    return document("dunning", version="1.2.3", summary="Days.", says=says, hears=(InvoiceIssued,))


def references(node: object) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_committed_documents_and_readme_equal_the_code() -> None:
    """`python -m deploy.describe` has been run since events or subscribers last changed."""
    assert [str(path) for path in stale()] == []


def test_a_document_that_differs_is_found(tmp_path: Path) -> None:
    """The check above sees a changed, a missing and a left-over document."""
    for path, text in wanted().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert stale(tmp_path) == []
    readme = tmp_path / "README.md"
    readme.write_text(readme.read_text().replace("`InvoiceIssued`", "`InvoiceSent`"))
    (tmp_path / "docs/asyncapi/dunning.yaml").unlink()
    (tmp_path / "docs/asyncapi/gone.yaml").write_text("")
    assert {path.name for path in stale(tmp_path)} == {"README.md", "dunning.yaml", "gone.yaml"}


def test_every_event_is_in_the_readme_once() -> None:
    """The table names topic, event and speaker of everything that is said."""
    table = who_hears_whom(hearing())
    for event in events().values():
        assert table.count(f"| `{event.topic}` | `{event.__name__}` |") == 1


def test_the_readme_shows_who_hears() -> None:
    """A hearer stands in the row of the event and as an arrow in the drawing."""
    part = who_hears_whom({"payments": (InvoiceIssued,), "dunning": (InvoiceIssued,)})
    row = "| `invoicing.invoices` | `InvoiceIssued` | invoicing | payments, dunning |"
    assert row in part
    assert 'invoicing -- "invoices" --> payments' in part


def test_every_setting_is_told_once_where_it_belongs() -> None:
    """What all services read stands apart; what one of them changes stands with it."""
    page = settings_page(SERVICES)
    parts = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert "`PARKED_LIMIT` | `500`" in parts["Every service but the gateway"]
    assert "`OUTBOUND_AT_ONCE` | `50`" in parts["Every service but the gateway"]
    assert "`OUTBOUND_AT_ONCE` | `200`" in parts["Notifications"]
    assert "`SMTP_PASSWORD` | none" in parts["Notifications"]
    assert "PARKED_LIMIT" not in parts["Payments"]
    assert "DATABASE_URL" not in parts["Payments"]
    assert "`IDENTITY_PRIVATE_KEY` | must be set" in parts["Gateway"]


def test_a_setting_that_nobody_explains_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the platform reads the page, not the code."""
    monkeypatch.setattr(Settings.model_fields["bank_url"], "description", None)
    with pytest.raises(ValueError, match="bank_url"):
        settings_page(["payments"])


def test_a_readme_without_its_marks_is_refused() -> None:
    """Nothing is written where the place is not marked."""
    with pytest.raises(ValueError, match="lacks"):
        with_part("# Betalt\n", "")


def test_what_a_service_hears_is_read_from_its_subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`HEARS` of the module; a service without that door hears nothing."""
    door = ModuleType("services.gateway.subscribers")
    door.__dict__["HEARS"] = {InvoiceIssued: None}
    monkeypatch.setitem(sys.modules, "services.gateway.subscribers", door)
    assert heard_by("gateway") == (InvoiceIssued,)
    assert heard_by("nobody") == ()


@pytest.mark.parametrize("service", SPEAKERS)
def test_what_is_described_is_what_the_service_truly_subscribes_to(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is built as in production, and its inbox is asked."""
    monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@nowhere/x")
    monkeypatch.setenv("IDENTITY_PUBLIC_KEY", PUBLIC_KEY)
    monkeypatch.setenv("LINK_KEY", "a key that is long enough to be one")
    app = import_module(f"services.{service}.app").create_app()
    assert set(app.state.inbox.hears) == set(heard_by(service))


def test_a_broken_subscriber_is_never_taken_for_a_deaf_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the door's own absence is silence; a failing import inside it is an error."""

    def broken(name: str) -> ModuleType:
        raise ModuleNotFoundError("no such library", name="library")

    monkeypatch.setattr("deploy.describe.import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        heard_by("gateway")


def test_a_document_says_what_is_sent_and_received() -> None:
    """Operations by topic, each naming its messages."""
    operations = of_dunning()["operations"]
    assert operations["hear.invoicing.invoices"]["action"] == "receive"
    assert operations["say.dunning.reminders"]["action"] == "send"
    assert len(operations["say.dunning.reminders"]["messages"]) == 2


@pytest.mark.parametrize("service", SPEAKERS)
def test_a_document_stands_alone(service: str) -> None:
    """Every reference leads to something inside the document."""
    whole = document(service, version="1", summary="", says=said_by(service), hears=())
    found = list(references(whole))
    assert found
    for reference in found:
        node: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_a_document_has_the_parts_asyncapi_3_asks_for() -> None:
    """Root, channels with addresses and bindings, messages with headers and payload."""
    whole = of_dunning()
    assert whole["asyncapi"] == "3.0.0"
    assert whole["info"]["version"] == "1.2.3"
    topics = {topic.name: topic for topic in TOPICS}
    for name, channel in whole["channels"].items():
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == kafka["topic"] == name
        assert kafka["partitions"] == topics[name].partitions
    for message in whole["components"]["messages"].values():
        assert message["payload"]["$ref"].endswith(f"/{message['title']}")
        assert message["bindings"]["kafka"]["key"]["format"] == "uuid"


def test_yaml_is_written_so_that_nothing_is_misread() -> None:
    """Strings are quoted, and so are the keys that YAML would take for something else."""
    content = {
        "a": {"$ref": "#/x", "no": True, "12": None, "é": "a: b # c\n", "empty": [], "none": {}},
        "list": [{"x": 1, "y": [1, "two"]}, [3], "end"],
    }
    assert yaml(content) == (
        "a:\n"
        '  $ref: "#/x"\n'
        '  "no": true\n'
        '  "12": null\n'
        '  "é": "a: b # c\\n"\n'
        "  empty: []\n"
        "  none: {}\n"
        "list:\n"
        '  - x: 1\n    "y":\n      - 1\n      - "two"\n'
        "  - - 3\n"
        '  - "end"\n'
    )


def test_committed_documents_are_where_the_readme_is() -> None:
    """One document for each service that says anything."""
    names = {path.stem for path in (ROOT / "docs/asyncapi").glob("*.yaml")}
    assert set(SPEAKERS) <= names
