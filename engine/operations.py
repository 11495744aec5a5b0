"""Single steps on the core's rows for what is plain Python: dialogues, auctions, the end of orders.

Ledger, book, memory and questions are the compiled kernels of the order commands (`core/operate.py`).
Whatever stands is an order row; a command that only speaks has a row too, which is spent at once.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from engine.answers import EventRow, event_from_row
from engine.commands import (
    MEMBERS_MAX,
    ApplyAuction,
    CancelCause,
    ConfirmBlock,
    CounterBlock,
    DialogueCommand,
    Method,
    OfferBlockToGroup,
    PlaceBid,
    RefuseBlock,
    TakeListings,
)
from engine.core.layout import REFUSED, STANDS, UNKNOWN_PRODUCT
from engine.core.operate import Step
from engine.core.records import COMMAND, EVENT, CommandKind
from engine.events import Answer, AnyEvent, Cancelled, Refused, Repeated, Traded
from engine.market import OK, Figures, Market, Remembered
from engine.reasons import Reason

UNKNOWN: Final = UNKNOWN_PRODUCT
"""Product of a command whose code is not in the profile."""
KINDS: Final[dict[type[DialogueCommand], CommandKind]] = {
    TakeListings: CommandKind.TAKE_LISTINGS,
    OfferBlockToGroup: CommandKind.OFFER_BLOCK_TO_GROUP,
    CounterBlock: CommandKind.COUNTER_BLOCK,
    ConfirmBlock: CommandKind.CONFIRM_BLOCK,
    RefuseBlock: CommandKind.REFUSE_BLOCK,
    ApplyAuction: CommandKind.APPLY_AUCTION,
    PlaceBid: CommandKind.PLACE_BID,
}
Row = Any
"""One row of a structured array; numpy gives its fields no types."""


def index_of(market: Market, code: str) -> int:
    """Return the place of a product in the profile, UNKNOWN if it has none."""
    index = market.profile.product_index(code)
    return index if index >= 0 else UNKNOWN


def order_row(market: Market, number: int) -> Row:
    """Return the row of an order of the day."""
    return market.core.state.orders[number]


def open_orders(market: Market) -> NDArray[np.int64]:
    """Return the numbers of all orders of the day that stand, in rising order."""
    orders = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    return np.flatnonzero(orders["state"] == STANDS)


def _step(market: Market, step: Step, **fields: Any) -> Figures:  # noqa: ANN401 - figures of a row
    """Do one step of the core with a record of these fields; return what is broken."""
    command = np.zeros(1, COMMAND)
    for name, value in fields.items():
        command[name] = value
    reason = market.core.operate(step, command, np.zeros(1, EVENT), 1)
    row = market.core.market
    return (Reason(reason), int(row["figure_a"]), int(row["figure_b"])) if reason else OK


# ---------------------------------------------------------------- numbers and answers


def number_order(
    market: Market,
    command: DialogueCommand,
    *,
    product: int = UNKNOWN,
    side: int = 0,
    price_fen: int = 0,
    quantity_t: int = 0,
    target: int = 0,
) -> int | list[AnyEvent]:
    """Return the new number of the command in hand, whose row is spent, or the finished answer."""
    reason, reference, _ = broken = _step(
        market,
        Step.NUMBER,
        kind=KINDS[type(command)],
        key=market.hand.key,
        client_order=command.client_order,
        sequence=market.hand.sequence,
        time_ns=market.hand.time_ns,
        product=product if product >= 0 else UNKNOWN,
        side=side,
        price_fen=price_fen,
        quantity_t=quantity_t,
        target=target,
    )
    if reason == Reason.NONE:
        return int(market.core.market["figure_a"])
    if reason != Reason.CLIENT_ORDER_REUSED:
        return [_refused(market, 0, broken)]
    return [_repeated(market, command, reference)]


def _repeated(market: Market, command: DialogueCommand, reference: int) -> AnyEvent:
    """Answer a client order number that came before: the first answer, or refuse another content."""
    first = market.answers.get(reference)
    if first is None or first.command != command:
        return _refused(market, 0, (Reason.CLIENT_ORDER_REUSED, 0, 0))
    return market.event(Repeated, answer=first.answers[-1])


def _refused(market: Market, number: int, broken: Figures) -> Refused:
    command = cast("DialogueCommand", market.hand.command)
    return market.refused(broken, client_order=command.client_order, order=number)


def refuse_order(market: Market, number: int, broken: Figures) -> list[AnyEvent]:
    """Refuse the command in hand, whose number is used up."""
    row = order_row(market, number)
    row["state"] = REFUSED
    return answered(market, number, [_refused(market, number, broken)])


def answered(
    market: Market, number: int, events: list[AnyEvent], answer: Answer | None = None
) -> list[AnyEvent]:
    """Remember an answer to the command in hand, the last event if none is named; return the events."""
    command = cast("DialogueCommand", market.hand.command)
    kept = answer if answer is not None else cast("Answer", events[-1])
    market.answers[number] = Remembered(command=command, answers=(kept,))
    return events


# ---------------------------------------------------------------- rows


def stand(
    market: Market,
    number: int,
    *,
    product: int,
    side: int,
    price_fen: int,
    quantity_t: int,
    target: int = 0,
) -> None:
    """Let a numbered row stand with these terms; its lock is taken."""
    _step(
        market,
        Step.STAND,
        target=number,
        product=product,
        side=side,
        price_fen=price_fen,
        quantity_t=quantity_t,
        counterparty=target,
    )


def change_terms(market: Market, number: int, price_fen: int, quantity_t: int) -> None:
    """Give a standing offer or counter-offer other terms; its lock moves, its first answer stays."""
    _step(market, Step.CHANGE, target=number, price_fen=price_fen, quantity_t=quantity_t)


def spend(market: Market, number: int, left_t: int) -> None:
    """Keep with a spent row what was left of it."""
    order_row(market, number)["left_t"] = left_t


def bind(market: Market, number: int, value: int) -> None:
    """Set what binds a row: open negotiations of an offer, an announced auction, 1 of a final bid."""
    order_row(market, number)["position"] = value


def set_members(market: Market, number: int, members: Sequence[int]) -> None:
    """Set who may accept an offer to a group."""
    row = order_row(market, number)
    if row["target"] == 0:
        market.core.market["group_count"] += 1
        row["target"] = market.core.market["group_count"]
    start = (int(row["target"]) - 1) * MEMBERS_MAX
    places = market.core.state.members[start : start + MEMBERS_MAX]
    places[:] = 0
    places[: len(members)] = members


# ---------------------------------------------------------------- trades and ends


def trade(market: Market, resting: int, taker: int, quantity_t: int, price_fen: int) -> Traded:
    """Trade a resting order with a taker's; a taker that stands pays from its own lock."""
    return trade_many(market, resting, [taker], [quantity_t], [price_fen])[0]


def trade_many(
    market: Market,
    resting: int | Sequence[int],
    takers: int | Sequence[int],
    quantities: Sequence[int],
    prices: Sequence[int],
) -> list[Traded]:
    """Trade resting orders with takers in order, as many as there are quantities; one may be of all."""
    commands = np.zeros(len(quantities), COMMAND)
    commands["target"] = resting
    commands["counterparty"] = takers
    commands["quantity_t"] = quantities
    commands["price_fen"] = prices
    clients = market.core.state.orders["client_order"][commands["counterparty"]]
    return cast("list[Traded]", _run(market, Step.TRADE, commands, clients.tolist()))


def _run(
    market: Market, step: Step, commands: NDArray[np.void], clients: Sequence[int]
) -> list[AnyEvent]:
    """Do a step that answers each record with an event, and return the events."""
    count, hand = len(commands), market.hand
    commands["sequence"], commands["time_ns"] = hand.sequence, hand.time_ns
    events = np.zeros(count, EVENT)
    market.core.operate(step, commands, events, count)
    rows = cast("list[EventRow]", events.tolist())
    return [
        event_from_row(row, (hand.sequence, hand.time_ns, client), hand.time_ns, market.profile)
        for row, client in zip(rows, clients, strict=True)
    ]


def end(
    market: Market, numbers: Iterable[int], cause: CancelCause, sender: tuple[int, int] = (0, 0)
) -> list[AnyEvent]:
    """End open orders in rising order of number, then draw what follows in dialogues and auctions.

    `sender` is the key and client order number that cancels them, 0 where each tells its own.
    """
    rising = sorted(int(number) for number in numbers)
    if not rising:
        return []
    commands = np.zeros(len(rising), COMMAND)
    commands["target"], commands["side"] = rising, cause
    commands["key"], commands["client_order"] = sender
    events = _run(market, Step.END, commands, [0] * len(rising))
    assert all(isinstance(event, Cancelled) for event in events)
    kinds = market.core.state.orders["kind"][rising]
    for place in np.flatnonzero(kinds != CommandKind.PLACE_LISTING).tolist():
        events += _follow(market, rising[place])
    return events


def _follow(market: Market, number: int) -> list[AnyEvent]:
    from engine import dialogues  # noqa: PLC0415 - the dialogues themselves end orders

    return dialogues.follow(market, number)


# ---------------------------------------------------------------- questions


def phase(market: Market, method: Method, *, is_wide: bool = False) -> Figures:
    """Say whether a method is in a session; `is_wide`: or before and between them, as for a cancel."""
    return _step(market, Step.PHASE, kind=method, spare=is_wide)


def may_act(
    market: Market, method: Method, participant: int, side: int, *, is_wide: bool = False
) -> Figures:
    """Say whether a method is open and not halted and the party may act on a side (0: on none)."""
    return _step(
        market,
        Step.MAY_ACT,
        kind=method,
        counterparty=participant,
        side=side,
        spare=is_wide,
    )


def product(market: Market, index: int) -> Figures:
    """Say whether a product exists, is listed, has its reference price and is not halted."""
    return _step(market, Step.PRODUCT, product=index if index >= 0 else UNKNOWN)


def product_halt(market: Market, index: int) -> Figures:
    """Say whether a product is halted."""
    halt = int(market.core.state.products[index]["halt"])
    return (Reason.HALTED, halt, 0) if halt else OK


def price(market: Market, price_fen: int, floor_fen: int, cap_fen: int) -> Figures:
    """Say whether a price is on the tick and inside a band."""
    return _step(market, Step.PRICE, price_fen=price_fen, client_order=floor_fen, spare=cap_fen)


def quantity(
    market: Market, quantity_t: int, lot_t: int, minimum_t: int, maximum_t: int
) -> Figures:
    """Say whether a quantity is on the lot, inside its bounds and the own limit of the key in hand."""
    broken = _step(
        market,
        Step.QUANTITY,
        quantity_t=quantity_t,
        price_fen=lot_t,
        client_order=minimum_t,
        spare=maximum_t,
    )
    return own_limit(market, quantity_t) if broken == OK else broken


def own_limit(market: Market, quantity_t: int) -> Figures:
    """Say whether a quantity keeps to the own limit of the key in hand."""
    limit_t = int(market.core.state.keys[market.hand.key]["order_max_t"])
    return (Reason.OWN_LIMIT, limit_t, quantity_t) if quantity_t > limit_t else OK


def means(
    market: Market,
    participant: int,
    product: int,
    side: int,
    price_fen: int,
    quantity_t: int,
    method: Method,
    own: int = 0,
) -> Figures:
    """Say whether a party has the means for a purchase with its fees, or a sale (R55, R60, R73).

    `own` is a standing order of the party whose lock is released first, 0 if there is none.
    """
    return _step(
        market,
        Step.MEANS,
        counterparty=participant,
        product=product,
        side=side,
        price_fen=price_fen,
        quantity_t=quantity_t,
        kind=method,
        target=own,
    )


def means_of(
    market: Market,
    participant: int,
    product: int,
    side: int,
    cash_fen: int,
    quantity_t: int,
    own: int = 0,
) -> Figures:
    """Say the same of a sum of cash that holds the fees already."""
    return _step(
        market,
        Step.MEANS_OF_SUM,
        counterparty=participant,
        product=product,
        side=side,
        client_order=cash_fen,
        quantity_t=quantity_t,
        target=own,
    )
