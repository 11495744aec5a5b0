"""The settlement instruction: one per trade, gross, built from a trade and read back as integers (R91)."""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from clearing.sese023 import (
    CashParties,
    CashParty,
    Count,
    Envelope,
    Instruction,
    Instrument,
    Money,
    MovementType,
    OtherId,
    Parameters,
    Party,
    QuantityAndAccount,
    Reference,
    SettlementAmount,
    SettlementParties,
    Supplement,
    TradeDetails,
    TradeMode,
    Unit,
    VintageType,
)
from engine.commands import Method
from engine.units import (
    DAY_NS,
    NANOSECONDS_PER_SECOND,
    PRICE_FEN_MAX,
    QUANTITY_T_MAX,
    days_from_civil,
    format_yuan,
    parse_yuan,
    participant_code,
)

CURRENCY: Final = "CNY"
MESSAGE_DEFINITION: Final = "sese.023.001.11"
MODES: Final[dict[Method, TradeMode]] = {
    Method.LISTED: "LISTED",
    Method.BLOCK: "BLOCK",
    Method.AUCTION: "AUCTION",
}


class InstructionFault(ValueError):
    """An instruction contradicts itself; the text ends with the path of the element."""


class PartyFacts(Struct, frozen=True, kw_only=True):
    """A participant as clearing knows it from its admission (R14)."""

    participant: int
    registry_account: str
    funds_account: str


class TradeFacts(Struct, frozen=True, kw_only=True):
    """A trade as clearing stored it from the drop copy."""

    trade: int
    date: str
    time_ns: int
    method: Method
    product: str
    price_fen: int
    quantity_t: int
    buyer: int
    seller: int
    buy_order: int
    sell_order: int


class Market(Struct, frozen=True, kw_only=True):
    """Names that every instruction carries."""

    place_of_trade: str
    depository: str


class Delivery(Struct, frozen=True, kw_only=True):
    """What an instruction asks for, as integers: tonnes one way, fen the other."""

    tx_id: str
    trade: int
    date: str
    product: str
    quantity_t: int
    price_fen: int
    amount_fen: int
    seller: str
    buyer: str
    seller_funds: str
    buyer_funds: str
    depository: str


def tx_id(date: str, trade: int, version: int = 1) -> str:
    """Return the TxId of a trade: at most 35 characters, unique for ever."""
    return f"S{date.replace('-', '')}{trade:08d}D{version:02d}"


def trade_id(date: str, trade: int) -> str:
    """Return the number of a trade as both sides print it (成交编号)."""
    return f"JY{date.replace('-', '')}{trade:08d}"


def utc_text(time_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 UTC with all nine decimals."""
    days, rest = divmod(time_ns, DAY_NS)  # exact: whole days and the rest
    seconds, nanoseconds = divmod(rest, NANOSECONDS_PER_SECOND)  # exact
    minutes, second = divmod(seconds, 60)  # exact
    hour, minute = divmod(minutes, 60)  # exact
    return f"{_civil(days)}T{hour:02d}:{minute:02d}:{second:02d}.{nanoseconds:09d}Z"


def _civil(days: int) -> str:
    """Return the ISO date of a number of days since 1970: search years and months, days_from_civil decides."""
    year = 1970 + days // 366  # rounds down: never later than the true year
    while days_from_civil(f"{year + 1:04d}-01-01") <= days:
        year += 1
    month = 12
    while days_from_civil(f"{year:04d}-{month:02d}-01") > days:
        month -= 1
    day = days - days_from_civil(f"{year:04d}-{month:02d}-01") + 1
    return f"{year:04d}-{month:02d}-{day:02d}"


def instruct(
    trade: TradeFacts,
    seller: PartyFacts,
    buyer: PartyFacts,
    market: Market,
    number: int,
    created_ns: int,
) -> Envelope:
    """Return the instruction of a trade: number `number` of its batch, made at `created_ns`."""
    common = trade_id(trade.date, trade.trade)
    return Envelope(
        BizMsgIdr=f"M{trade.date.replace('-', '')}-{number:06d}",
        MsgDefIdr=MESSAGE_DEFINITION,
        CreDt=utc_text(created_ns),
        SeqNb=number,
        SctiesSttlmTxInstr=Instruction(
            TxId=tx_id(trade.date, trade.trade),
            SttlmTpAndAddtlParams=MovementType(SctiesMvmntTp="DELI", Pmt="APMT", CmonId=common),
            NbCounts=Count(CurInstrNb=1, TtlOfLkdInstrs=1),
            TradDtls=TradeDetails(
                TradId=(common,),
                PlcOfTrad=f"{market.place_of_trade}-{MODES[trade.method]}",
                TradDt=utc_text(trade.time_ns),
                SttlmDt=trade.date,
                DealPric=Money(Ccy=CURRENCY, Val=format_yuan(trade.price_fen)),
            ),
            FinInstrmId=Instrument(
                OthrId=OtherId(Id=trade.product, Tp=VintageType(Prtry="VINTAGE"))
            ),
            QtyAndAcctDtls=QuantityAndAccount(
                SttlmQty=Unit(Unit=str(trade.quantity_t)),
                SfkpgAcct=Reference(Id=seller.registry_account),
            ),
            SttlmParams=Parameters(
                Prty=4,
                SctiesTxTp="TRAD",
                PrtlSttlmInd="NPAR",
                BlckTrad="Y" if trade.method is Method.BLOCK else "N",
                CCPElgblty="NCCP",
                NetgElgblty=False,
            ),
            DlvrgSttlmPties=_side(seller, market),
            RcvgSttlmPties=_side(buyer, market),
            CshPties=CashParties(Dbtr=_cash(buyer), Cdtr=_cash(seller)),
            SttlmAmt=SettlementAmount(
                Amt=Money(Ccy=CURRENCY, Val=format_yuan(trade.price_fen * trade.quantity_t)),
                CdtDbtInd="CRDT",
            ),
            SplmtryData=Supplement(
                TradeMode=MODES[trade.method],
                SellOrderId=str(trade.sell_order),
                BuyOrderId=str(trade.buy_order),
            ),
        ),
    )


def _side(party: PartyFacts, market: Market) -> SettlementParties:
    account = Reference(Id=party.registry_account)
    code = participant_code(party.participant)
    return SettlementParties(Dpstry=market.depository, Pty1=Party(Id=code, SfkpgAcct=account))


def _cash(party: PartyFacts) -> CashParty:
    return CashParty(Id=participant_code(party.participant), CshAcct=party.funds_account)


def deliver(envelope: Envelope) -> Delivery:
    """Return what an instruction asks for; InstructionFault names the element that contradicts another."""
    body = envelope.SctiesSttlmTxInstr
    price_fen = parse_yuan(body.TradDtls.DealPric.Val)
    quantity_t = int(body.QtyAndAcctDtls.SttlmQty.Unit)
    amount_fen = price_fen * quantity_t
    date = body.TradDtls.SttlmDt
    trade = int(body.SttlmTpAndAddtlParams.CmonId[10:])
    seller, buyer = body.DlvrgSttlmPties, body.RcvgSttlmPties
    _require(0 < price_fen <= PRICE_FEN_MAX, "price out of bounds", "TradDtls.DealPric.Val")
    _require(quantity_t <= QUANTITY_T_MAX, "quantity out of bounds", "QtyAndAcctDtls.SttlmQty.Unit")
    is_exact = body.SttlmAmt.Amt.Val == format_yuan(amount_fen)
    _require(is_exact, "not price times quantity", "SttlmAmt.Amt.Val")
    _require(body.TxId == tx_id(date, trade, int(body.TxId[-2:])), "not of this trade", "TxId")
    own = seller.Pty1.SfkpgAcct.Id == body.QtyAndAcctDtls.SfkpgAcct.Id
    _require(own, "not the deliverer's account", "QtyAndAcctDtls.SfkpgAcct.Id")
    _require(seller.Dpstry == buyer.Dpstry, "not one depository", "RcvgSttlmPties.Dpstry")
    _require(seller.Pty1.Id != buyer.Pty1.Id, "delivers to itself", "RcvgSttlmPties.Pty1.Id")
    _require(body.CshPties.Dbtr.Id == buyer.Pty1.Id, "not the receiver", "CshPties.Dbtr.Id")
    _require(body.CshPties.Cdtr.Id == seller.Pty1.Id, "not the deliverer", "CshPties.Cdtr.Id")
    return Delivery(
        tx_id=body.TxId,
        trade=trade,
        date=date,
        product=body.FinInstrmId.OthrId.Id,
        quantity_t=quantity_t,
        price_fen=price_fen,
        amount_fen=amount_fen,
        seller=seller.Pty1.SfkpgAcct.Id,
        buyer=buyer.Pty1.SfkpgAcct.Id,
        seller_funds=body.CshPties.Cdtr.CshAcct,
        buyer_funds=body.CshPties.Dbtr.CshAcct,
        depository=seller.Dpstry,
    )


def _require(fits: bool, problem: str, path: str) -> None:  # noqa: FBT001 - a guard reads as one
    if not fits:
        message = f"{problem} - at `$.SctiesSttlmTxInstr.{path}`"
        raise InstructionFault(message)


_encoder = msgspec.json.Encoder(order="deterministic")


def encode(envelope: Envelope) -> bytes:
    """Return the one JSON form of an instruction, the form that is hashed, stored and sent."""
    return _encoder.encode(envelope)


def body_hash(body: bytes) -> str:
    """Return the SHA-256 of a stored form."""
    return hashlib.sha256(body).hexdigest()


def chain_hash(hashes: Iterable[str]) -> str:
    """Return one SHA-256 over many, in their order."""
    rolled = hashlib.sha256()
    for text in hashes:
        rolled.update(bytes.fromhex(text))
    return rolled.hexdigest()
