"""What the oracle shows of its state: the views of `engine/views.py`, each computed anew."""

from dataclasses import asdict

from engine.commands import Method, Restriction, Side
from engine.views import (
    Account,
    Book,
    Cash,
    Holding,
    Level,
    ListingView,
    MarketView,
    MethodView,
    OrderView,
    ParticipantView,
    ProductView,
    ProposalView,
    TradeView,
)
from tests.oracle.bulletin import day_trades, latest_fen, opening_price, published_open
from tests.oracle.control import computed_reference
from tests.oracle.ledger import Shelf
from tests.oracle.parties import status
from tests.oracle.questions import method_halt, participant_halt, product_halt
from tests.oracle.records import Order, ProductRecord, Trade
from tests.oracle.rules import composite_row, weighted_mean
from tests.oracle.state import State


def account(state: State, participant: int) -> Account:
    """Return cash and holdings of a participant, empty products left out."""
    purse = state.ledger.purses[participant]
    shelves = state.ledger.shelves[participant]
    return Account(
        participant=participant,
        cash=Cash(
            settled_fen=purse.settled,
            locked_fen=purse.locked,
            payable_fen=purse.payable,
            proceeds_fen=purse.proceeds,
            available_fen=purse.available,
            withdrawable_fen=purse.withdrawable,
        ),
        holdings=tuple(
            _holding(code, shelves[code]) for code in state.products if not shelves[code].is_empty()
        ),
    )


def _holding(code: str, shelf: Shelf) -> Holding:
    return Holding(
        product=code,
        available_t=shelf.available,
        locked_t=shelf.locked,
        sold_t=shelf.sold,
        bought_today_t=shelf.bought,
        delivered_t=shelf.delivered,
        frozen_t=shelf.frozen,
    )


def book(state: State, product: str, levels: int) -> Book:
    """Return the best levels of both sides, best first (R44)."""
    count = levels or state.profile.listed.levels_shown
    bids = list(reversed(state.books[product, Side.BUY]))[:count]
    asks = list(state.books[product, Side.SELL])[:count]
    return Book(
        product=product,
        bids=tuple(_level(state, product, Side.BUY, price) for price in bids),
        asks=tuple(_level(state, product, Side.SELL, price) for price in asks),
    )


def _level(state: State, product: str, side: Side, price: int) -> Level:
    orders = state.books[product, side][price].values()
    return Level(price, sum(order.left_t for order in orders), len(orders))


def listings(state: State, product: str, side: Side, price: int) -> tuple[ListingView, ...]:
    """Return the listings of one level, oldest first."""
    level = state.books[product, side].get(price, {})
    return tuple(
        ListingView(
            order=order.number,
            side=order.side,
            price_fen=order.price_fen,
            left_t=order.left_t,
            time_ns=order.time_ns,
        )
        for order in level.values()
    )


def orders(state: State, participant: int) -> tuple[OrderView, ...]:
    """Return a participant's accepted orders of the day by number."""
    return tuple(
        _order(order)
        for _, order in sorted(state.orders.items())
        if order.participant == participant
    )


def _order(order: Order) -> OrderView:
    return OrderView(
        order=order.number,
        client_order=order.client_order,
        participant=order.participant,
        counterparty=order.counterparty,
        product=order.product,
        side=order.side,
        method=order.method,
        price_fen=order.price_fen,
        quantity_t=order.quantity_t,
        left_t=order.left_t,
        is_open=order.is_open,
        is_pick=order.is_pick,
        time_ns=order.time_ns,
        auction=order.auction,
    )


def trades(state: State, participant: int, date: str) -> tuple[TradeView, ...]:
    """Return the trades of a day (the open or last one if no date) by number."""
    day = date or state.date
    return tuple(
        _trade(trade)
        for trade in state.trades.values()
        if trade.date == day and participant in (0, trade.buyer, trade.seller)
    )


def _trade(trade: Trade) -> TradeView:
    fields = asdict(trade)
    fields["trade"] = fields.pop("number")
    return TradeView(**fields)


def unsettled(state: State) -> tuple[TradeView, ...]:
    """Return the trades of any day that the registry has not answered."""
    return tuple(_trade(trade) for trade in state.trades.values() if trade.state == "unsettled")


def participants(state: State) -> tuple[ParticipantView, ...]:
    """Return who is admitted, by number."""
    return tuple(
        ParticipantView(
            participant=row.participant,
            name=row.name,
            credit_code=row.credit_code,
            province=row.province,
            sector=row.sector,
            registry_account=row.registry_account,
            funds_account=row.funds_account,
            compliance_year=state.years.get(row.participant, row.compliance_year),
            status=status(state, row.participant),
            restriction=state.restrictions.get(row.participant, Restriction.NONE),
            halt=participant_halt(state, row.participant),
            allowance_t=state.allowances.get(row.participant, 0),
        )
        for row in state.participants.values()
    )


def proposals(state: State) -> tuple[ProposalView, ...]:
    """Return the proposals that wait, by number."""
    return tuple(
        ProposalView(
            proposal=row.number,
            key=row.key,
            person=row.person,
            actions=row.actions,
            reason=row.reason,
            time_ns=row.time_ns,
            participant=row.participant,
        )
        for row in state.proposals.values()
        if row.is_open
    )


def market(state: State) -> MarketView:
    """Return the phases, every product's quote and the composite now (R86, R53)."""
    row = composite_row(state.profile, state.date)
    has_traded = bool(state.running_composite)
    return MarketView(
        date=state.date,
        time_ns=state.time_ns,
        sequence=state.sequence,
        methods=tuple(
            MethodView(
                method=method,
                phase=record.phase,
                next_time_ns=record.next_ns,
                halt=method_halt(state, method),
            )
            for method, record in state.methods.items()
        ),
        products=tuple(_product(state, record) for record in state.products.values()),
        composite_last_fen=weighted_mean(row, latest_fen(state)) if has_traded else 0,
        composite_previous_close_fen=_composite_before(state),
    )


def _composite_before(state: State) -> int:
    """Return the composite close that the open (or last) day began with."""
    earlier = [bulletin for bulletin in state.bulletins if bulletin.date < state.date]
    return earlier[-1].close_fen if earlier else 0


def _open_fen(state: State, record: ProductRecord, prices: list[int]) -> int:
    """Return the open so far: known from the start where a rule says so (R48)."""
    if state.profile.listed.open_rule == "previous_close":
        return published_open(state, record.code) or record.base_fen()
    return opening_price(state, record) if prices else 0


def _product(state: State, record: ProductRecord) -> ProductView:
    trades = day_trades(state, record.code, Method.LISTED)
    prices = [trade.price_fen for trade in trades]
    waiting = 0 if not state.date else computed_reference(state, record)[1]
    return ProductView(
        product=record.code,
        is_listed=state.listed_on(record.code, state.date),
        has_reference=record.reference_fen > 0,
        reference_fen=record.reference_fen or waiting,
        previous_close_fen=record.previous_close_fen,
        listed_floor_fen=record.listed_band[0],
        listed_cap_fen=record.listed_band[1],
        block_floor_fen=record.block_band[0],
        block_cap_fen=record.block_band[1],
        open_fen=_open_fen(state, record, prices),
        high_fen=max(prices, default=0),
        low_fen=min(prices, default=0),
        last_fen=prices[-1] if prices else 0,
        listed_quantity_t=sum(trade.quantity_t for trade in trades),
        listed_amount_fen=sum(trade.amount_fen for trade in trades),
        listed_trades=len(prices),
        halt=product_halt(state, record.code),
    )
