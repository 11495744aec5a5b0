"""sese.023 SecuritiesSettlementTransactionInstruction as typed structs, the elements that this market needs.

Field names are the ISO short tags and stand in the order of sese.023, so that a file writer is a plain
walk. Numbers travel as text: a JSON number may pass through a float on its way.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from engine.commands import IsoDate, ProductCode, Token

Yuan = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,16})\.[0-9]{2}\Z")]
Whole = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,9}\Z")]
Moment = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z\Z")]
TxIdText = Annotated[str, Meta(pattern=r"^S[0-9]{8}[0-9]{8,19}D[0-9]{2}\Z", max_length=35)]
TradeIdText = Annotated[str, Meta(pattern=r"^JY[0-9]{8}[0-9]{8,19}\Z", max_length=35)]


class Element(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all elements of the message."""


class Money(Element, frozen=True, kw_only=True):
    """A price or an amount in yuan with two decimals."""

    Ccy: Literal["CNY"]
    Val: Yuan


class MovementType(Element, frozen=True, kw_only=True):
    """A delivery against payment and the number that both legs share."""

    SctiesMvmntTp: Literal["DELI"]
    Pmt: Literal["APMT"]
    CmonId: TradeIdText


class Count(Element, frozen=True, kw_only=True):
    """One instruction per trade: the exchange is the only instructing party."""

    CurInstrNb: Literal[1]
    TtlOfLkdInstrs: Literal[1]


class TradeDetails(Element, frozen=True, kw_only=True):
    """The trade that is settled."""

    TradId: Annotated[tuple[TradeIdText, ...], Meta(min_length=1, max_length=1)]
    PlcOfTrad: Token
    TradDt: Moment
    SttlmDt: IsoDate
    DealPric: Money


class VintageType(Element, frozen=True, kw_only=True):
    """How the instrument is named."""

    Prtry: Literal["VINTAGE"]


class OtherId(Element, frozen=True, kw_only=True):
    """The product code."""

    Id: ProductCode
    Tp: VintageType


class Instrument(Element, frozen=True, kw_only=True):
    """The product (标的物)."""

    OthrId: OtherId


class Unit(Element, frozen=True, kw_only=True):
    """A quantity in tonnes."""

    Unit: Whole


class Reference(Element, frozen=True, kw_only=True):
    """An account or a party by its id."""

    Id: Token


class QuantityAndAccount(Element, frozen=True, kw_only=True):
    """What is delivered and from which account."""

    SttlmQty: Unit
    SfkpgAcct: Reference


class Parameters(Element, frozen=True, kw_only=True):
    """Gross, whole, without central counterparty (R91)."""

    Prty: Literal[4]
    SctiesTxTp: Literal["TRAD"]
    PrtlSttlmInd: Literal["NPAR"]
    BlckTrad: Literal["Y", "N"]
    CCPElgblty: Literal["NCCP"]
    NetgElgblty: Literal[False]


class Party(Element, frozen=True, kw_only=True):
    """A participant (trading code) and its registry account."""

    Id: Token
    SfkpgAcct: Reference


class SettlementParties(Element, frozen=True, kw_only=True):
    """One side of the delivery."""

    Dpstry: Token
    Pty1: Party


class CashParty(Element, frozen=True, kw_only=True):
    """A participant and its funds account."""

    Id: Token
    CshAcct: Token


class CashParties(Element, frozen=True, kw_only=True):
    """Who pays whom."""

    Dbtr: CashParty
    Cdtr: CashParty


class SettlementAmount(Element, frozen=True, kw_only=True):
    """Quantity times price, exact."""

    Amt: Money
    CdtDbtInd: Literal["CRDT"]


TradeMode = Literal["LISTED", "BLOCK", "AUCTION"]
"""The trading method of a trade (R4)."""


class Supplement(Element, frozen=True, kw_only=True):
    """What ISO has no home for."""

    TradeMode: TradeMode
    SellOrderId: Token
    BuyOrderId: Token


class Instruction(Element, frozen=True, kw_only=True):
    """sese.023 SecuritiesSettlementTransactionInstruction, the elements that this market needs."""

    TxId: TxIdText
    SttlmTpAndAddtlParams: MovementType
    NbCounts: Count
    Lnkgs: Annotated[tuple[Token, ...], Meta(max_length=0)] = ()
    TradDtls: TradeDetails
    FinInstrmId: Instrument
    QtyAndAcctDtls: QuantityAndAccount
    SttlmParams: Parameters
    DlvrgSttlmPties: SettlementParties
    RcvgSttlmPties: SettlementParties
    CshPties: CashParties
    SttlmAmt: SettlementAmount
    SplmtryData: Supplement


class Envelope(Element, frozen=True, kw_only=True):
    """A business message: its number in the batch and the instruction."""

    BizMsgIdr: Annotated[str, Meta(pattern=r"^M[0-9]{8}-[0-9]{6,}\Z", max_length=35)]
    MsgDefIdr: Literal["sese.023.001.11"]
    CreDt: Moment
    SeqNb: Annotated[int, Meta(ge=1)]
    SctiesSttlmTxInstr: Instruction
