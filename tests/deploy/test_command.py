"""The operator's hand: what each command asks of the gateway, prints, and ends with."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import OKPKey
from typer.testing import CliRunner, Result

from deploy import command
from deploy.commands import rates
from deploy.commands.operator import NotRunningError, operator
from deploy.local.ports import free_ports
from deploy.local.processes import LaunchError
from deploy.local.settings import keep_keys
from services.gateway.sessions import Sessions
from tests.payments.camt_samples import Camt, Ntry, Tx, ocr

STANDING = {
    "today": "2026-11-22",
    "moving": False,
    "target": None,
    "percent": None,
    "quiet": True,
    "waiting_for": [],
    "trouble": None,
    "parked": {},
}
EVENT = {
    "id": 7,
    "type": "payments.reminder.charged.v1",
    "key": "0198f7a0",
    "reason": "ValueError: no such claim",
    "cause_of_wait": True,
}
NOTHING: dict[str, list[Any]] = {"events": [], "timers": [], "parcels": []}


@dataclass
class Gateway:
    """Answers as it is told; keeps what it was asked."""

    address: str
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any, status: int = 200) -> None:
        """What is answered to a method and path, whatever the query."""
        self.answers[f"{method} {path}"] = (status, body)

    @property
    def commands(self) -> list[tuple[str, Any]]:
        """Path and body of all that was not a mere question."""
        return [(path, body) for method, path, body, _ in self.asked if method != "GET"]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway of answers on a port of its own, named by the environment."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            shown = self.headers.get("Authorization", "")
            known.asked.append((self.command, self.path, body, shown))
            wanted = f"{self.command} {self.path.partition('?')[0]}"
            status, answer = known.answers.get(wanted, (404, {"title": "Not Found"}))
            content = orjson.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (names of the standard library's)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Gateway(f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GATEWAY_URL", known.address)
    monkeypatch.setenv("OPERATOR_TOKEN", "a-token")
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield known
    server.shutdown()
    serving.join()
    server.server_close()


def betalt(*words: str) -> Result:
    """Run a command as typed."""
    return CliRunner().invoke(command.app, list(words))


def test_every_command_of_the_operator_is_there_and_says_what_it_is_for() -> None:
    shown = betalt("--help").output
    for name in ("run", "topics", "say-again", "parked", "clock", "rates", "check-ledger"):
        assert name in shown
        assert betalt(name, "--help").exit_code == 0
    assert "read-bank-file" in shown


def test_an_operator_is_told_when_betalt_is_not_running(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither where it never ran, nor where it was stopped; and asking leaves no keys behind."""
    monkeypatch.delenv("GATEWAY_URL", raising=False)
    monkeypatch.delenv("OPERATOR_TOKEN", raising=False)
    monkeypatch.setenv("BETALT_DATA", str(tmp_path))
    port_base = free_ports(1)[0] % 60_000 + 1024
    monkeypatch.setenv("BETALT_PORT_BASE", str(port_base))
    for _ in ("never ran", "was stopped"):
        found = betalt("clock", "show")
        assert isinstance(found.exception, NotRunningError)
        assert "Betalt is not running" in str(found.exception)
        assert "Start it with make run" in str(found.exception)
        assert _ == "was stopped" or not (tmp_path / "secrets").exists()
        keep_keys(tmp_path / "secrets")


def test_trouble_is_one_message_and_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setenv("OPERATOR_TOKEN", "a-token")
    monkeypatch.setattr("sys.argv", ["betalt", "check-ledger"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    shown = capsys.readouterr().err
    assert "Betalt is not running" in shown
    assert "Traceback" not in shown


def test_an_address_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("OPERATOR_TOKEN", raising=False)
    with pytest.raises(LaunchError, match="both are needed"):
        operator()


def test_on_its_own_machine_the_command_makes_its_own_token(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The gateway reads it as an operator's; a stranger's key would not do."""
    keys = keep_keys(tmp_path / "secrets")
    gateway.answer("GET", "/ops/clock", STANDING)
    monkeypatch.delenv("OPERATOR_TOKEN")
    monkeypatch.delenv("GATEWAY_URL")
    monkeypatch.setenv("BETALT_DATA", str(tmp_path))
    monkeypatch.setenv("BETALT_PORT_BASE", gateway.address.rpartition(":")[2])
    monkeypatch.setattr("deploy.local.ports.OFFSETS", {"gateway": 0})
    assert betalt("clock", "show").exit_code == 0
    token = gateway.asked[0][3].removeprefix("Bearer ")
    session = Sessions(keys.identity_private, secure=False).open(token, "api")
    assert session is not None
    assert session.is_operator
    stranger = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
    assert Sessions(stranger, secure=False).open(token, "api") is None


def test_a_refusal_is_told_in_its_own_words(gateway: Gateway) -> None:
    problem = {"title": "Another rate is known", "detail": "2026-07-01 is 2.00 %"}
    gateway.answer("POST", "/api/v1/rates", problem, status=409)
    found = betalt("rates", "add", "2026-07-01", "2.5", "--source", "SFS 2026:1")
    assert str(found.exception) == "Another rate is known\n2026-07-01 is 2.00 %"


def test_the_clock_says_the_day_and_what_is_under_way(gateway: Gateway) -> None:
    waits = {"quiet": False, "waiting_for": ["payments: 3 under way"], "parked": {"dunning": 1}}
    gateway.answer("GET", "/ops/clock", STANDING | waits)
    shown = betalt("clock", "show").output
    assert "2026-11-22" in shown
    assert "payments: 3 under way" in shown
    assert "parked in dunning: 1" in shown
    assert json.loads(betalt("clock", "show", "--json").output) == STANDING | waits


def test_the_clock_is_moved_and_followed_to_the_day(gateway: Gateway) -> None:
    gateway.answer("POST", "/ops/clock", {"job": {}}, status=202)
    gateway.answer("GET", "/ops/clock", STANDING)
    assert betalt("clock", "move", "2026-11-22").exit_code == 0
    assert gateway.commands == [("/ops/clock", {"today": "2026-11-22"})]
    assert isinstance(betalt("clock", "move", "2026-11-23").exception, LaunchError)
    assert betalt("clock", "move", "tomorrow").exit_code == 64


def test_quiet_that_does_not_come_ends_with_1(gateway: Gateway) -> None:
    gateway.answer("POST", "/ops/quiet", {"quiet": True, "waiting_for": []})
    assert betalt("clock", "quiet").exit_code == 0
    body = {"quiet": False, "waiting_for": ["bank: 2 in hand"]}
    gateway.answer("POST", "/ops/quiet", body, status=504)
    found = betalt("clock", "quiet", "--timeout", "1")
    assert found.exit_code == 1
    assert "bank: 2 in hand" in found.output


def test_parked_events_of_all_services_are_listed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With status 1, so that a script notices."""
    monkeypatch.setenv("COLUMNS", "120")
    services = ("invoicing", "payments", "dunning", "collections", "notifications")
    for service in services:
        gateway.answer("GET", f"/ops/services/{service}/parked", NOTHING)
    found = betalt("parked", "list")
    assert (found.exit_code, found.output.strip()) == (0, "Nothing is parked.")
    gateway.answer("GET", "/ops/services/dunning/parked", {**NOTHING, "events": [EVENT]})
    found = betalt("parked", "list")
    assert found.exit_code == 1
    assert "dunning" in found.output
    assert "no such claim" in " ".join(found.output.split())
    listed = json.loads(betalt("parked", "list", "--service", "dunning", "--json").output)
    assert listed == {"dunning": {**NOTHING, "events": [EVENT]}}


def test_one_parked_event_is_shown(gateway: Gateway) -> None:
    gateway.answer("GET", "/ops/services/dunning/parked/7", EVENT)
    assert json.loads(betalt("parked", "show", "dunning", "7").output) == EVENT
    assert betalt("parked", "show", "nobody", "7").exit_code == 64


def test_redriving_needs_a_key_or_all_and_says_what_stays(gateway: Gateway) -> None:
    path = "/ops/services/payments/parked/redrive"
    done = {"events": 2, "keys_standing": 0, "timers": 0, "parcels": 0}
    gateway.answer("POST", path, done)
    assert betalt("parked", "redrive", "payments").exit_code == 64
    assert betalt("parked", "redrive", "payments", "--key", "k", "--all").exit_code == 64
    assert gateway.commands == []
    assert betalt("parked", "redrive", "payments", "--key", "k").exit_code == 0
    gateway.answer("POST", path, done | {"keys_standing": 1})
    found = betalt("parked", "redrive", "payments", "--all")
    assert found.exit_code == 1
    assert "1 keys stay parked" in found.output
    assert gateway.commands == [(path, {"key": "k"}), (path, {"key": None})]


def test_what_cannot_be_read_is_let_go_with_a_reason(gateway: Gateway) -> None:
    path = "/ops/services/dunning/parked/9/let-go"
    gateway.answer("POST", path, {"events": 3, "keys_standing": 0})
    assert betalt("parked", "let-go", "dunning", "9").exit_code == 64
    found = betalt("parked", "let-go", "dunning", "9", "--reason", "of another house")
    assert (found.exit_code, found.output.strip()) == (
        0,
        "Let go. Acted on 3 events that waited behind it.",
    )
    assert gateway.commands == [(path, {"reason": "of another house"})]
    gateway.answer("POST", path, {"events": 0, "keys_standing": 1})
    assert betalt("parked", "let-go", "dunning", "9", "--reason", "as above").exit_code == 1


def test_rates_are_listed_and_added_exactly(gateway: Gateway) -> None:
    row = {"valid_from": "2026-07-01", "bp": 200, "source": "Riksbanken"}
    gateway.answer("GET", "/api/v1/rates", [row])
    assert "2.00 %" in betalt("rates", "list").output
    added = {"valid_from": "2027-01-01", "bp": 225}
    gateway.answer("POST", "/api/v1/rates", {**added, "claims_waiting": 3})
    found = betalt("rates", "add", "2027-01-01", "2,25", "--source", "SFS 2026:1")
    assert "3 claims had waited" in found.output
    assert gateway.commands == [("/api/v1/rates", added | {"source": "SFS 2026:1"})]


@pytest.mark.parametrize(
    ("written", "bp"), [("2", 200), ("2.00", 200), ("2,5 %", 250), ("-0.50", -50), ("0", 0)]
)
def test_a_percentage_is_read_as_people_write_it(written: str, bp: int) -> None:
    assert rates.basis_points(written) == bp


@pytest.mark.parametrize("written", ["2.001", "two", "", "NaN", "Infinity", "1e9", "1e999996"])
def test_a_percentage_that_is_none_is_refused(gateway: Gateway, written: str) -> None:
    found = betalt("rates", "add", "2027-01-01", written, "--source", "SFS 2026:1")
    assert found.exit_code == 64
    assert gateway.asked == []


def test_the_ledger_is_right_or_the_status_is_1(gateway: Gateway) -> None:
    right = {
        "transactions": 12,
        "sum_ore": 0,
        "accounts": {"bank:client": 1_234_567, "suspense": -100},
        "problems": [],
    }
    gateway.answer("GET", "/api/v1/ledger/check", right)
    found = betalt("check-ledger")
    assert found.exit_code == 0
    assert "12\N{NO-BREAK SPACE}345,67" in found.output
    assert "The ledger is right." in found.output
    assert json.loads(betalt("check-ledger", "--json").output) == right
    for wrong in ({"sum_ore": 1}, {"problems": ["a claim's balance differs"]}):
        gateway.answer("GET", "/api/v1/ledger/check", right | wrong)
        assert betalt("check-ledger").exit_code == 1


def test_a_service_says_again_and_the_command_waits_until_it_has(gateway: Gateway) -> None:
    gateway.answer("POST", "/ops/services/payments/say-again", {"id": 1}, status=202)
    outbox = {"say_again": 0, "said_again": "done"}
    gateway.answer("GET", "/ops/services/payments/numbers", {"outbox": outbox})
    found = betalt("say-again", "payments", "--since", "2026-11-20", "--topic", "payments.claims")
    assert found.exit_code == 0
    assert "payments has said everything of payments.claims since 2026-11-20 again." in (
        found.output
    )
    wanted = {"since": "2026-11-20", "topic": "payments.claims"}
    assert gateway.commands == [("/ops/services/payments/say-again", wanted)]
    assert betalt("say-again", "payments").exit_code == 64
    for wrong in (["2026-11-20", "--topic", "invoicing.invoices"], ["2100-01-01"]):
        refused = betalt("say-again", "payments", "--since", *wrong)
        assert refused.exit_code == 64, "nothing was said, so nothing is said again"
    assert len(gateway.commands) == 1
    stuck = {"outbox": outbox | {"said_again": "stuck"}}
    gateway.answer("GET", "/ops/services/payments/numbers", stuck)
    found = betalt("say-again", "payments", "--since", "2026-11-20")
    assert found.exit_code == 1
    assert "Not everything could be said" in found.output


def test_a_bank_file_is_shown_as_what_would_be_booked(tmp_path: Path) -> None:
    """One JSON document and nothing else, status 0."""
    file = tmp_path / "camt054.xml"
    payment = Tx(amount="100.00", bank_reference="BTP1", remittance=ocr("1234567897"))
    file.write_bytes(Camt((Ntry((payment,)),)).xml())
    found = betalt("read-bank-file", str(file))
    assert found.exit_code == 0
    answer = json.loads(found.output)
    assert answer == {
        "format": answer["format"],
        "accepted": True,
        "payments": [
            {
                "references": ["1234567897"],
                "amount_ore": 10_000,
                "currency": "SEK",
                "booked_on": "2026-10-16",
                "payer_name": "Kalles Plåt AB",
                "bank_reference": "BTP1",
                "held": None,
            }
        ],
        "problems": [],
    }
    assert "camt.054" in answer["format"]


def test_a_bank_file_that_cannot_be_read_is_refused_with_status_2(tmp_path: Path) -> None:
    file = tmp_path / "not-a-file-of-a-bank.xml"
    file.write_text("<Document>\n<half")
    found = betalt("read-bank-file", str(file))
    answer = json.loads(found.output)
    assert found.exit_code == 2
    assert (answer["accepted"], answer["payments"]) == (False, [])
    assert {each.keys() == {"line", "reason"} for each in answer["problems"]} == {True}


@pytest.mark.parametrize("arguments", [["no-such-file.xml"], [], ["--wrong", "x"], ["."]])
def test_a_command_written_wrongly_never_looks_like_a_refused_file(arguments: list[str]) -> None:
    """2 says that the bank's file is refused, and is told with JSON; this is not."""
    assert betalt("read-bank-file", *arguments).exit_code == 64


def test_a_statement_is_shown_as_the_service_takes_it(tmp_path: Path) -> None:
    """Where camt.054 books, camt.053 only controls; another installation books from it."""
    file = tmp_path / "camt053.xml"
    file.write_bytes(Camt((Ntry((Tx(),)),), message="camt.053.001.02").xml())
    answer = json.loads(betalt("read-bank-file", str(file)).output)
    assert (answer["accepted"], answer["payments"], answer["role"]) == (True, [], "controls")
    other = json.loads(betalt("read-bank-file", str(file), "--books", "camt.053").output)
    assert (len(other["payments"]), "role" in other) == (1, False)


def test_a_refusal_without_words_says_its_reason(gateway: Gateway) -> None:
    answer = {"title": "The rate is not withdrawn", "reason": "rate_not_added"}
    gateway.answer("DELETE", "/api/v1/rates/2026-07-01", answer, 409)
    refused = betalt("rates", "withdraw", "2026-07-01").exception
    assert str(refused) == "The rate is not withdrawn: rate not added"


def test_a_rate_below_zero_is_written_as_it_is(gateway: Gateway) -> None:
    """As it stood from 2016 to 2019."""
    gateway.answer("POST", "/api/v1/rates", {"claims_waiting": 0})
    found = betalt("rates", "add", "2027-01-01", "-0.5", "--source", "SFS 2026:9999")
    assert (found.exit_code, gateway.commands[0][1]["bp"]) == (0, -50)
    assert betalt("rates", "add", "2027-01-01", "2", "--sorce", "SFS 2026:9999").exit_code == 64


def test_a_token_that_can_be_none_is_refused_in_words(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_TOKEN", "åäö")
    refused = betalt("clock", "show").exception
    assert isinstance(refused, LaunchError)
    assert "OPERATOR_TOKEN" in str(refused)


def test_a_broker_that_is_away_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_ports(1)[0]}")
    refused = betalt("topics").exception
    assert isinstance(refused, LaunchError)
    assert "no Kafka answers" in str(refused)
    assert not caplog.records


def test_a_key_is_listed_whole_for_it_is_what_is_acted_on_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However narrow the terminal."""
    monkeypatch.setenv("COLUMNS", "72")
    key = "01a2189f-274e-7619-90b3-9b412b4ed39c"
    gateway.answer(
        "GET", "/ops/services/payments/parked", NOTHING | {"events": [EVENT | {"key": key}]}
    )
    shown = betalt("parked", "list", "--service", "payments").output
    assert key in shown
    assert "…" not in shown
