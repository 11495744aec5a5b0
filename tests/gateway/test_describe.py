"""What describes the wire is made from the types, is not stale, and every example of it works."""

import json
import re
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nacl.signing import VerifyKey

import ceax
from engine.commands import PlaceListing
from engine.reasons import EXPLANATIONS
from gateway import cli_describe, describe, roles, wire
from gateway.codes import CloseCode
from gateway.describe_ccxt import VERBS
from gateway.describe_examples import example
from gateway.describe_vectors import REFUSED_MONEY
from gateway.describe_words import COMMON
from gateway.mirror_routes import ROUTES
from gateway.money_text import Yuan, decode_yuan
from tests.gateway.gateway_world import raw, serving

API = Path(cli_describe.folder())
EVERY_KIND = (*describe.INWARD, *describe.OUTWARD, *describe.COMMANDS, *describe.EVENTS)


def kept(name: str) -> str:
    return API.joinpath(name).read_text(encoding="utf-8")


def loaded(name: str) -> Any:
    return json.loads(kept(name))


def test_no_file_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert ceax.main(["describe", "--check"]) == 0, capsys.readouterr().out


def test_a_changed_file_is_stale_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli_describe, "folder", lambda: tmp_path / "api")
    assert ceax.main(["describe", "--check"]) == cli_describe.STALE
    assert ceax.main(["describe", "--write"]) == 0
    assert ceax.main(["describe", "--check"]) == 0
    page = tmp_path / "api" / "REFERENCE.md"
    page.write_text(page.read_text(encoding="utf-8").replace("tonnes", "tons"), encoding="utf-8")
    capsys.readouterr()
    assert ceax.main(["describe", "--check"]) == cli_describe.STALE
    assert capsys.readouterr().out.splitlines() == [
        "gateway/api/REFERENCE.md is stale; run: ceax describe --write"
    ]


@pytest.mark.parametrize("name", ["asyncapi", "openapi", "reference", "vectors", "ccxt"])
def test_each_document_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ceax.main(["describe", name]) == 0
    assert "演示/仿真" in capsys.readouterr().out


def test_without_a_document_the_caller_is_told_what_to_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ceax.main(["describe"]) == 2
    assert "--check" in capsys.readouterr().err


# ---------------------------------------------------------------- AsyncAPI and OpenAPI


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def target(document: Any, reference: str) -> Any:
    found = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name.replace("~1", "/")]
    return found


@pytest.mark.parametrize("name", ["asyncapi.json", "openapi.json"])
def test_every_reference_leads_somewhere_and_every_pattern_is_portable(name: str) -> None:
    document = loaded(name)
    found = references(document)
    assert len(found) > 10
    for reference in found:
        assert target(document, reference) is not None
    assert "\\\\Z" not in kept(name)
    assert "_fen" not in re.sub(r"price_fen:quantity_t:count", "", kept(name))


def test_every_frame_is_a_message_with_its_operation_and_roles() -> None:
    document = loaded("asyncapi.json")
    assert document["asyncapi"] == "3.0.0"
    operations = document["operations"]
    for kind in (*describe.INWARD, *describe.OUTWARD):
        message = document["components"]["messages"][kind.__name__]
        payload = target(document, message["payload"]["$ref"])
        assert payload["properties"]["type"] == {"enum": [kind.__name__]}
        assert kind.__name__ in document["channels"]["gateway"]["messages"]
    for kind in describe.INWARD:
        row = operations[f"take{kind.__name__}"]
        assert row["action"] == "receive"
        assert ("reply" in row) == describe.is_request(kind)
        if describe.is_request(kind):
            (reply,) = describe.replies_of(kind)
            assert row["reply"]["messages"] == [
                {"$ref": f"#/channels/gateway/messages/{reply.__name__}"},
                {"$ref": "#/channels/gateway/messages/Error"},
            ]
            assert row["x-roles"] == sorted(roles.REQUEST_ROLES[kind])


def test_what_a_client_sends_is_strict_and_what_it_is_told_is_open() -> None:
    document = loaded("asyncapi.json")
    schemas = document["components"]["schemas"]
    assert schemas["PlaceListing"]["additionalProperties"] is False
    drop = schemas["DropCopy"]["properties"]["command"]
    assert "PlaceListing" not in {name.rpartition("/")[2] for name in references(drop)}
    assert "additionalProperties" not in schemas["PlaceListingTold"]


def test_every_example_of_the_messages_decodes() -> None:
    messages = loaded("asyncapi.json")["components"]["messages"]
    for kind in (*describe.INWARD, *describe.OUTWARD):
        (shown,) = messages[kind.__name__]["examples"]
        decode = wire.decode_inward if kind in describe.INWARD else wire.decode_outward
        assert decode(json.dumps(shown["payload"])) == example(kind)


def test_every_address_of_the_mirror_is_described() -> None:
    document = loaded("openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {route.path for route in ROUTES}
    for route in ROUTES:
        row = document["paths"][route.path]["get"]
        assert [one["name"] for one in row["parameters"]] == [one.name for one in route.parameters]
        ours = {"200", *(str(status) for status, _ in route.statuses)}
        assert set(row["responses"]) == ours | {"414", "431"}  # and what the parser says


# ---------------------------------------------------------------- the reference page


def page_examples() -> list[tuple[str, str]]:
    """Return heading and example of every section of the page that has one."""
    found = re.findall(
        r"^### (\w+)\n(.*?)(?=^##)", kept("REFERENCE.md") + "\n##", re.MULTILINE | re.DOTALL
    )
    rows = [(name, re.search(r"```json\n(.*?)\n```", body, re.DOTALL)) for name, body in found]
    return [(name, match.group(1)) for name, match in rows if match]


def test_the_page_has_every_frame_command_and_event_with_an_example_that_decodes() -> None:
    rows = page_examples()
    assert len({name for name, _ in rows}) == len(rows)
    assert {kind.__name__ for kind in EVERY_KIND} <= {name for name, _ in rows}
    inward = {kind.__name__ for kind in (*describe.INWARD, *describe.COMMANDS)}
    outward = {kind.__name__ for kind in describe.OUTWARD}
    for name, text in rows:
        if name in inward:
            frame = wire.decode_inward(text)
            inner = frame.command if isinstance(frame, wire.Submit) else frame
            assert name in {type(frame).__name__, type(inner).__name__}
        elif name in outward:
            assert type(wire.decode_outward(text)).__name__ == name
        else:  # events and actions travel inside frames
            assert json.loads(text)["type"] == name


def test_the_page_tells_every_field_with_its_unit() -> None:
    text = kept("REFERENCE.md")
    section = text[text.index("### PlaceListing\n") :].partition("\n###")[0]
    for name in ("product", "side", "price_yuan", "quantity_t", "client_order"):
        assert f"| `{name}` |" in section
    assert "yuan as text, 0.01 to 10000000.00" in section
    assert "integer, 1 to 1000000000 | t |" in section
    assert "Roles: trader." in section
    assert "Permission: `listed`." in section


def test_the_page_tells_the_unit_of_every_figure_and_the_meaning_of_every_close() -> None:
    text = kept("REFERENCE.md")
    for reason, explanation in EXPLANATIONS.items():
        a, b = explanation.figures
        assert f"| {reason.value} | `{reason.name}` | {a} | {b} | " in text or not reason
    units = {unit for explanation in EXPLANATIONS.values() for unit in explanation.figures}
    (sentence,) = re.findall(r"`figure_a` and `figure_b` are integers.*", text)
    assert {f"`{unit}`" for unit in units if unit} <= set(re.findall(r"`\w+`", sentence))
    for code in CloseCode:
        assert re.search(rf"^\| {code.value} \| {code.name} \| \S.{{10,}} \|$", text, re.MULTILINE)


def permitted(name: str) -> frozenset[str]:
    """Return the roles of a request or command of the page."""
    by_name = {kind.__name__: who for kind, who in roles.REQUEST_ROLES.items()}
    by_name |= {kind.__name__: who for kind, who in roles.COMMAND_ROLES.items()}
    return by_name[name]


async def test_every_example_of_the_page_is_answered() -> None:
    requests = {kind.__name__ for kind in describe.INWARD if describe.is_request(kind)}
    requests |= {kind.__name__ for kind in describe.COMMANDS}
    asked = [(name, text) for name, text in page_examples() if name in requests]
    assert len(asked) > 50
    replies = {kind.__name__ for kind in describe.OUTWARD if issubclass(kind, wire.Reply)}
    seen = set()
    async with (
        serving() as world,
        raw(world, world.traders[2]) as trader,
        raw(world, world.operators[0]) as operator,
        raw(world, world.clearing) as clearing,
    ):
        people = {"trader": trader, "operator": operator, "clearing": clearing}
        for name, text in asked:
            role = next((role for role in people if role in permitted(name)), "trader")
            client = people[role]
            await client.send(text)
            while (reply := await client.take())["type"] not in replies:
                assert "id" not in reply
            assert reply["id"] == 7
            assert reply["sent_ns"] >= reply["received_ns"] > 0, name
            assert reply.get("code") not in ("MALFORMED", "INTERNAL", "RATE_LIMITED"), name
            assert (reply.get("code") == "ROLE_NOT_PERMITTED") == (role not in permitted(name))
            seen.add(reply["type"])
    assert len(seen) > 20  # not errors alone


@pytest.mark.parametrize("kind", [wire.Login, wire.Enrol], ids=lambda kind: kind.__name__)
async def test_the_example_of_a_login_is_understood_and_refused(kind: Any) -> None:
    (text,) = [text for name, text in page_examples() if name == kind.__name__]
    async with serving() as world, raw(world) as client:
        assert (await client.ask(text))["type"] == "LoginRefused"


# ---------------------------------------------------------------- vectors, as a foreign client checks them


@pytest.mark.parametrize("group", ["login", "enrol"])
def test_the_vectors_of_a_signature_hold(group: str) -> None:
    for row in loaded("vectors.json")[group]:
        domain = {"login": wire.LOGIN_DOMAIN, "enrol": wire.ENROL_DOMAIN}[group]
        parts = [domain, row["host"], row["nonce"], row["public_key"]]
        parts += [row["code_hash"]] if group == "enrol" else []
        text = "\n".join([*parts, str(row["time_ns"])])
        assert text == row["signed_text"]
        key = VerifyKey(bytes.fromhex(row["public_key"]))
        assert key.verify(text.encode(), bytes.fromhex(row["signature"])) == text.encode()


def test_the_vectors_of_the_checksum_hold() -> None:
    rows = loaded("vectors.json")["checksum"]
    assert len(rows) >= 4
    for row in rows:
        text = ""
        for level in (*row["bids"], *row["asks"]):
            yuan, fen = level["price_yuan"].split(".")
            text += f"{int(yuan + fen)}:{level['quantity_t']}:{level['count']}:"
        assert text == row["summed_text"]
        assert zlib.crc32(text.encode()) == row["checksum"]


def test_the_vectors_of_money_hold() -> None:
    money = loaded("vectors.json")["money"]
    for row in money["accepted"]:
        assert decode_yuan(Yuan, row["text"]) == int(row["text"].replace(".", "")) == row["fen"]
    assert money["refused"] == list(REFUSED_MONEY)
    for text in money["refused"]:
        with pytest.raises(ValueError, match="Expected"):
            decode_yuan(Yuan, text)


def test_the_vectors_of_messagepack_hold() -> None:
    for row in loaded("vectors.json")["messagepack"]:
        assert msgspec.msgpack.decode(bytes.fromhex(row["messagepack_hex"])) == row["json"]


# ---------------------------------------------------------------- ccxt

UNIFIED = [
    "fetchMarkets",
    "fetchCurrencies",
    "fetchTradingLimits",
    "fetchTradingFees",
    "fetchTicker",
    "fetchOrderBook",
    "fetchTrades",
    "fetchOHLCV",
    "fetchBalance",
    "fetchAccounts",
    "createOrder",
    "cancelOrder",
    "editOrder",
    "fetchOrder",
    "fetchOpenOrders",
    "fetchOrders",
    "fetchMyTrades",
    "fetchLedger",
    "fetchDeposits",
    "fetchWithdrawals",
    "watchOrderBook",
    "watchTrades",
    "watchOrders",
    "watchMyTrades",
    "watchBalance",
]
"""Verbs of gateway-notes 1.3."""


def test_every_verb_of_ccxt_has_a_counterpart_that_exists() -> None:
    assert set(UNIFIED) <= {verb.name for verb in VERBS}
    names = {kind.__name__ for kind in EVERY_KIND}
    names |= {f"channel:{name}" for name in roles.CHANNEL_ROLES}
    names |= {f"GET {route.path}" for route in ROUTES}
    for verb in VERBS:
        assert verb.ours, verb.name
        assert set(verb.ours) <= names, verb.name


# ---------------------------------------------------------------- examples


@pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_sentence(kind: type) -> None:
    assert len(describe.text_of(kind)) > 20
    assert describe.text_of(kind) != describe.text_of(msgspec.Struct)


@pytest.mark.parametrize("kind", describe.every_kind(), ids=lambda kind: kind.__name__)
def test_every_field_says_what_it_means(kind: type) -> None:
    silent = [field.name for field in describe.fields_of(kind) if not field.text]
    assert not silent, f"give {kind.__name__} docstrings, or describe_words.py a common word"


def test_no_word_stands_for_a_field_that_is_gone() -> None:
    names = {name for kind in describe.every_kind() for name in kind.__struct_fields__}  # type: ignore[attr-defined]
    assert not set(COMMON) - names


def test_an_example_takes_other_values_for_single_fields() -> None:
    assert example(PlaceListing, quantity_t=5).quantity_t == 5
    assert example(PlaceListing).quantity_t == 100


def test_the_examples_of_frames_agree_with_themselves() -> None:
    status = example(wire.StatusChanged)
    assert (status.accepts == "all") == (status.reason == "")
    assert status.reason in ("overload", "disk_low", "disk_full", "shutdown", "")
    assert example(wire.Error).place == -1
    snapshot = example(wire.BookSnapshot)
    assert wire.book_checksum(snapshot.bids, snapshot.asks) == snapshot.checksum
    for level in (*snapshot.bids, *snapshot.asks):
        assert level.count == len(level.listings)


def test_the_listings_of_a_level_are_never_a_count() -> None:
    schemas = loaded("asyncapi.json")["components"]["schemas"]
    kinds = {
        name: schema["properties"]["listings"].get("type")
        for name, schema in schemas.items()
        if "listings" in schema.get("properties", {})
    }
    assert {"DepthLevel", "LevelChanged"} <= set(kinds)
    assert set(kinds.values()) == {"array"}
