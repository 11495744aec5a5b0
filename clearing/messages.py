"""What travels between the registry and those who call it: typed, bounded, unknown fields refused."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from clearing.sese023 import Envelope
from engine.commands import AmountFen, IsoDate, ProductCode, QuantityT, Text, Token

PAGE_MAX: Final = 200
"""Most instructions, outcomes or movements in one message."""
BATCH_MAX: Final = 1_000_000
"""Most instructions in one settlement batch."""
BODY_BYTES_MAX: Final = 1_048_576
"""Largest request body that the registry reads."""

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
BatchId = Annotated[str, Meta(pattern=r"^B[0-9]{10}\Z")]
Side = Literal["registry", "trading"]


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all messages."""


class Request(Message, frozen=True, kw_only=True):
    """Base of what changes something: `reference` makes a repeat harmless, `date` is the business day."""

    reference: Token
    date: IsoDate


class OpenAccount(Request, frozen=True, kw_only=True):
    """Open a registry account with the funds account that belongs to it (R14)."""

    account: Token
    funds_account: Token
    name: Text
    credit_code: Token


class Issue(Request, frozen=True, kw_only=True):
    """Book allowances into the registry side of an account (初始分配登记, R98)."""

    account: Token
    product: ProductCode
    quantity_t: QuantityT


class CreditBank(Request, frozen=True, kw_only=True):
    """Money arrives in the participant's own account at the settlement bank."""

    account: Token
    amount_fen: AmountFen


class MoveIn(Request, frozen=True, kw_only=True):
    """Move allowances from the registry side to the trading side (转入, R16)."""

    account: Token
    product: ProductCode
    quantity_t: QuantityT


class PayIn(Request, frozen=True, kw_only=True):
    """Move money from the own bank account into the settlement-funds account (入金, R90, R96)."""

    account: Token
    amount_fen: AmountFen


class FreezeHolding(Request, frozen=True, kw_only=True):
    """Freeze allowances by order of an authority (司法冻结, R17); `reference` is the order's number."""

    account: Token
    product: ProductCode
    quantity_t: QuantityT
    side: Side


class FreezeCash(Request, frozen=True, kw_only=True):
    """Freeze money in the settlement-funds account by order of an authority (R17)."""

    account: Token
    amount_fen: AmountFen


class BlockAccount(Request, frozen=True, kw_only=True):
    """Block an account for every settlement, or lift the block (R17)."""

    account: Token
    blocked: bool


class Release(Request, frozen=True, kw_only=True):
    """End a freeze: what it froze is free again."""

    freeze: Token


class Posted(Message, frozen=True, kw_only=True):
    """A request took effect as transaction `txn`; `movement` is its number in the outbox, 0 if none."""

    reference: str
    txn: int
    movement: int = 0
    replayed: bool = False
    """True where this is the stored answer of the first time."""


class Movement(Message, frozen=True, kw_only=True):
    """One entry of the outbox: allowances or cash that the exchange must book (R16, R90)."""

    number: int
    kind: Literal["deposit", "transfer_in"]
    account: str
    product: str
    quantity_t: int
    amount_fen: int
    reference: str
    """Unique for ever; the exchange's commands carry it."""
    date: str


class InstructionPage(Message, frozen=True, kw_only=True):
    """Some instructions of a batch, in execution order from number `first` on."""

    batch: BatchId
    date: IsoDate
    first: Annotated[int, Meta(ge=1, le=BATCH_MAX)]
    instructions: Annotated[tuple[Envelope, ...], Meta(min_length=1, max_length=PAGE_MAX)]


class PageReceived(Message, frozen=True, kw_only=True):
    """The page stands in the registry's database; `received` counts the whole batch."""

    batch: str
    received: int


class BatchSeal(Message, frozen=True, kw_only=True):
    """What the batch adds up to; after it the batch is a fixed list."""

    batch: BatchId
    date: IsoDate
    count: Annotated[int, Meta(ge=0, le=BATCH_MAX)]
    quantity_t: Annotated[int, Meta(ge=0)]
    amount_fen: Annotated[int, Meta(ge=0)]
    hash: Hash


class Rejection(Message, frozen=True, kw_only=True):
    """An instruction that is not valid at the registry, with its ISO reason code."""

    tx_id: str
    code: str


class ClearingResult(Message, frozen=True, kw_only=True):
    """The registry's clearing result of a batch, which the exchange's side must confirm (R92)."""

    batch: str
    count: int
    accepted: int
    quantity_t: int
    """Tonnes of the accepted instructions."""
    amount_fen: int
    seal_hash: str
    rejections: tuple[Rejection, ...]
    hash: str
    """SHA-256 over all of the above."""


class BatchConfirm(Message, frozen=True, kw_only=True):
    """The exchange's side confirms the clearing result with this hash; delivery begins (R92)."""

    batch: BatchId
    result_hash: Hash


class BatchView(Message, frozen=True, kw_only=True):
    """Where a batch stands."""

    batch: str
    date: str
    state: Literal["RECEIVING", "CLEARED", "CONFIRMED", "DONE"]
    count: int
    settled: int
    failed: int
    rejected: int
    outcome_hash: str
    """SHA-256 over all outcomes in order, once the batch is DONE."""


class Outcome(Message, frozen=True, kw_only=True):
    """What became of one instruction."""

    number: int
    tx_id: str
    state: Literal["SETTLED", "FAILED", "REJECTED"]
    quantity_t: int
    amount_fen: int
    code: str = ""
    because_of: tuple[str, ...] = ()
    """Earlier failed instructions whose proceeds were missing here (连锁失败)."""
    txn: int = 0


class HoldingRow(Message, frozen=True, kw_only=True):
    """Holdings of one account and product on both sides (R16)."""

    account: str
    product: str
    registry_t: int
    registry_frozen_t: int
    trading_t: int
    trading_frozen_t: int


class CashRow(Message, frozen=True, kw_only=True):
    """Cash of one account: as the registry books it and as the bank does (R90)."""

    account: str
    funds_account: str
    settlement_fen: int
    settlement_frozen_fen: int
    bank_pool_fen: int
    bank_own_fen: int


class Snapshot(Message, frozen=True, kw_only=True):
    """All balances after transaction `txn`, for reconciliation; `movement` is the last one made."""

    txn: int
    hash: str
    movement: int
    pool_fen: int
    """Balance of the settlement-funds account as the bank states it."""
    holdings: tuple[HoldingRow, ...]
    cash: tuple[CashRow, ...]


class StatementLine(Message, frozen=True, kw_only=True):
    """One posting to a participant's trading side or settlement cash."""

    txn: int
    kind: str
    reference: str
    asset: str
    """A product code (tonnes) or CNY (fen)."""
    bucket: str
    amount: int


class StatementAsset(Message, frozen=True, kw_only=True):
    """Opening and closing balance of one asset, frozen parts included: opening + lines = closing."""

    asset: str
    opening: int
    closing: int
    frozen: int


class StatementInstruction(Message, frozen=True, kw_only=True):
    """One trade of the day as it was cleared."""

    tx_id: str
    trade: int
    direction: Literal["BUY", "SELL"]
    product: str
    quantity_t: int
    price_fen: int
    amount_fen: int
    state: str
    code: str


class Statement(Message, frozen=True, kw_only=True):
    """A participant's settlement statement of one day (结算数据, R93); 演示/仿真."""

    mark: str
    account: str
    funds_account: str
    name: str
    date: str
    assets: tuple[StatementAsset, ...]
    lines: tuple[StatementLine, ...]
    instructions: tuple[StatementInstruction, ...]
    objection: str
    """Until when the participant may object (R93)."""


class Fault(Message, frozen=True, kw_only=True):
    """Why a request was refused: a stable code, a number like the ITL's, a text, the path in the body."""

    code: str
    number: int
    text: str
    path: str = ""
