"""The instruction: its ISO form to the letter, its way back to integers, and what it refuses."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearing.instructions import (
    Delivery,
    InstructionFault,
    Market,
    PartyFacts,
    TradeFacts,
    body_hash,
    chain_hash,
    deliver,
    encode,
    instruct,
    tx_id,
    utc_text,
)
from clearing.sese023 import Envelope
from engine.commands import Method
from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX

MARKET = Market(place_of_trade="CEAX", depository="DEMO-REG")
SELLER = PartyFacts(participant=1, registry_account="A-420000-0001", funds_account="BANK2-A")
BUYER = PartyFacts(participant=2, registry_account="A-310000-0007", funds_account="BANK1-B")
TRADE = TradeFacts(
    trade=1,
    date="2026-01-05",
    time_ns=1_767_580_267_123_000_000,
    method=Method.LISTED,
    product="CEA24",
    price_fen=9_500,
    quantity_t=600,
    buyer=2,
    seller=1,
    buy_order=12,
    sell_order=11,
)
GOLDEN = {
    "BizMsgIdr": "M20260105-000001",
    "MsgDefIdr": "sese.023.001.11",
    "CreDt": "2026-01-05T07:05:00.000000000Z",
    "SeqNb": 1,
    "SctiesSttlmTxInstr": {
        "TxId": "S2026010500000001D01",
        "SttlmTpAndAddtlParams": {
            "SctiesMvmntTp": "DELI",
            "Pmt": "APMT",
            "CmonId": "JY2026010500000001",
        },
        "NbCounts": {"CurInstrNb": 1, "TtlOfLkdInstrs": 1},
        "Lnkgs": [],
        "TradDtls": {
            "TradId": ["JY2026010500000001"],
            "PlcOfTrad": "CEAX-LISTED",
            "TradDt": "2026-01-05T02:31:07.123000000Z",
            "SttlmDt": "2026-01-05",
            "DealPric": {"Ccy": "CNY", "Val": "95.00"},
        },
        "FinInstrmId": {"OthrId": {"Id": "CEA24", "Tp": {"Prtry": "VINTAGE"}}},
        "QtyAndAcctDtls": {"SttlmQty": {"Unit": "600"}, "SfkpgAcct": {"Id": "A-420000-0001"}},
        "SttlmParams": {
            "Prty": 4,
            "SctiesTxTp": "TRAD",
            "PrtlSttlmInd": "NPAR",
            "BlckTrad": "N",
            "CCPElgblty": "NCCP",
            "NetgElgblty": False,
        },
        "DlvrgSttlmPties": {
            "Dpstry": "DEMO-REG",
            "Pty1": {"Id": "P0001", "SfkpgAcct": {"Id": "A-420000-0001"}},
        },
        "RcvgSttlmPties": {
            "Dpstry": "DEMO-REG",
            "Pty1": {"Id": "P0002", "SfkpgAcct": {"Id": "A-310000-0007"}},
        },
        "CshPties": {
            "Dbtr": {"Id": "P0002", "CshAcct": "BANK1-B"},
            "Cdtr": {"Id": "P0001", "CshAcct": "BANK2-A"},
        },
        "SttlmAmt": {"Amt": {"Ccy": "CNY", "Val": "57000.00"}, "CdtDbtInd": "CRDT"},
        "SplmtryData": {"TradeMode": "LISTED", "SellOrderId": "11", "BuyOrderId": "12"},
    },
}


def golden() -> Envelope:
    return instruct(TRADE, SELLER, BUYER, MARKET, 1, 1_767_596_700_000_000_000)


def changed(path: str, value: Any) -> Envelope:
    """Return the golden message with one element changed, decoded as the registry does."""
    raw = msgspec.json.decode(msgspec.json.encode(GOLDEN))
    place = raw["SctiesSttlmTxInstr"]
    *way, last = path.split(".")
    for name in way:
        place = place[name]
    place[last] = value
    return msgspec.json.decode(msgspec.json.encode(raw), type=Envelope)


def test_the_message_is_the_one_of_the_notes() -> None:
    assert msgspec.json.decode(encode(golden())) == GOLDEN
    assert list(msgspec.json.decode(encode(golden()))["SctiesSttlmTxInstr"]) == list(
        GOLDEN["SctiesSttlmTxInstr"]  # type: ignore[call-overload]
    )


def test_it_reads_back_as_integers() -> None:
    assert deliver(golden()) == Delivery(
        tx_id="S2026010500000001D01",
        trade=1,
        date="2026-01-05",
        product="CEA24",
        quantity_t=600,
        price_fen=9_500,
        amount_fen=5_700_000,
        seller="A-420000-0001",
        buyer="A-310000-0007",
        seller_funds="BANK2-A",
        buyer_funds="BANK1-B",
        depository="DEMO-REG",
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("SttlmAmt.Amt.Val", "57000.01"),
        ("TradDtls.DealPric.Val", "0.00"),
        ("TxId", "S2026010500000002D01"),
        ("QtyAndAcctDtls.SfkpgAcct.Id", "A-310000-0007"),
        ("RcvgSttlmPties.Dpstry", "OTHER"),
        ("RcvgSttlmPties.Pty1.Id", "P0001"),
        ("CshPties.Dbtr.Id", "P0003"),
        ("CshPties.Cdtr.Id", "P0003"),
    ],
)
def test_a_contradiction_names_its_element(path: str, value: str) -> None:
    with pytest.raises(InstructionFault) as found:
        deliver(changed(path, value))
    assert str(found.value).endswith(f"- at `$.SctiesSttlmTxInstr.{path}`")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("TxId", "anything"),
        ("TradDtls.DealPric.Val", 95),
        ("TradDtls.DealPric.Val", "95"),
        ("QtyAndAcctDtls.SttlmQty.Unit", "0"),
        ("QtyAndAcctDtls.SttlmQty.Unit", "600.5"),
        ("SttlmParams.PrtlSttlmInd", "PART"),
        ("SplmtryData.More", "x"),
    ],
)
def test_a_wrong_form_is_refused_with_its_path(path: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError) as found:
        changed(path, value)
    assert f"$.SctiesSttlmTxInstr.{path.rsplit('.', 1)[0]}" in str(found.value)


@given(st.integers(0, 4_000_000_000 * 10**9))
def test_times_are_those_of_the_calendar(time_ns: int) -> None:
    moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
    assert utc_text(time_ns) == f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9:09d}Z"


@example(PRICE_FEN_MAX, QUANTITY_T_MAX, 2**62, Method.BLOCK)
@given(
    st.integers(1, PRICE_FEN_MAX),
    st.integers(1, QUANTITY_T_MAX),
    st.integers(1, 2**62),
    st.sampled_from(Method),
)
def test_every_trade_goes_there_and_back(
    price_fen: int, quantity_t: int, trade: int, method: Method
) -> None:
    facts = msgspec.structs.replace(
        TRADE, price_fen=price_fen, quantity_t=quantity_t, trade=trade, method=method
    )
    envelope = instruct(facts, SELLER, BUYER, MARKET, 7, 0)
    again = msgspec.json.decode(encode(envelope), type=Envelope)
    delivery = deliver(again)
    assert encode(again) == encode(envelope)
    assert (delivery.price_fen, delivery.quantity_t, delivery.trade) == (
        price_fen,
        quantity_t,
        trade,
    )
    assert delivery.amount_fen == price_fen * quantity_t
    assert len(tx_id(facts.date, trade)) <= 35


def test_hashes_see_order_and_content() -> None:
    one, two = body_hash(b"1"), body_hash(b"2")
    assert (
        len({chain_hash([one, two]), chain_hash([two, one]), chain_hash([one]), chain_hash([])})
        == 4
    )
