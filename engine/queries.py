"""What the exchange shows of its state on request, each view made from the core's rows when asked."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.commands import Method, Side
from engine.core.layout import (
    BY_OPERATORS,
    NEVER,
    REFUSED,
    REMOVED,
    STANDS,
    STOPPED,
    SUSPENDED,
    TAKER,
    UNSETTLED,
)
from engine.core.records import CommandKind
from engine.events import ClosureAdded, Phase
from engine.fees import sums_of
from engine.market import Market
from engine.measures import RESTRICTION_NUMBERS
from engine.prices import composite_last_fen, computed_reference, open_fen
from engine.views import (
    Account,
    Cash,
    HaltView,
    Holding,
    MarketView,
    MethodView,
    OrderView,
    ParticipantView,
    ProductView,
    ProposalView,
    TradeView,
)

RESTRICTIONS = {number: restriction for restriction, number in RESTRICTION_NUMBERS.items()}
TRADE_STATES = ("unsettled", "settled", "failed", "voided")
BLOCK_KINDS = frozenset(
    {
        CommandKind.OFFER_BLOCK,
        CommandKind.ACCEPT_BLOCK,
        CommandKind.OFFER_BLOCK_TO_GROUP,
        CommandKind.COUNTER_BLOCK,
        CommandKind.CONFIRM_BLOCK,
        CommandKind.REFUSE_BLOCK,
    }
)
AUCTION_KINDS = frozenset({CommandKind.APPLY_AUCTION, CommandKind.PLACE_BID})
Row = Any
"""One row of a structured array; numpy gives its fields no types."""


def market_view(market: Market) -> MarketView:
    """Return the phases, every product's quote and the composite now (R53, R86)."""
    row, methods = market.core.market, market.core.state.methods
    before = [b for b in market.bulletins[-2:] if b.date < market.date]
    return MarketView(
        date=market.date,
        time_ns=int(row["time_ns"]),
        sequence=int(row["sequence"]),
        methods=tuple(
            MethodView(
                method=method,
                phase=Phase(int(methods[method]["phase"])),
                next_time_ns=int(methods[method]["next_ns"]),
                halt=int(methods[method]["halt"]),
            )
            for method in market.methods
        ),
        products=tuple(_product_view(market, index) for index in range(len(market.codes))),
        composite_last_fen=composite_last_fen(market),
        composite_previous_close_fen=before[-1].close_fen if before else 0,
    )


def _product_view(market: Market, index: int) -> ProductView:
    row, tally = market.core.state.products[index], market.core.state.tallies[index]
    has_traded = int(tally["listed_trades"]) > 0
    waiting = computed_reference(market, index)[1] if market.date else 0
    return ProductView(
        product=market.codes[index],
        is_listed=market.is_listed(index),
        has_reference=market.references_fen[index] > 0,
        reference_fen=market.references_fen[index] or waiting,
        previous_close_fen=market.previous_closes_fen[index],
        listed_floor_fen=int(row["listed_floor_fen"]),
        listed_cap_fen=int(row["listed_cap_fen"]),
        block_floor_fen=int(row["block_floor_fen"]),
        block_cap_fen=int(row["block_cap_fen"]),
        open_fen=open_fen(market, index),
        high_fen=int(tally["high_fen"]),
        low_fen=int(tally["low_fen"]),
        last_fen=int(tally["last_fen"]) if has_traded else 0,
        listed_quantity_t=int(tally["listed_quantity_t"]),
        listed_amount_fen=int(tally["listed_amount_fen"]),
        listed_trades=int(tally["listed_trades"]),
        halt=int(row["halt"]),
    )


# ---------------------------------------------------------------- accounts, orders, trades


def account(market: Market, participant: int) -> Account:
    """Return cash and holdings of a participant; nothing at all for one not admitted."""
    state, products = market.core.state, len(market.codes)
    if not market.is_participant(participant):
        return Account(participant=participant, cash=_cash(0, 0, 0, 0), holdings=())
    settled, locked, payable, proceeds = (int(value) for value in state.cash[participant])
    start = participant * products
    shown = []
    for index, code in enumerate(market.codes):
        available, held, sold, bought = (int(v) for v in state.holdings[start + index])
        delivered, frozen = (int(v) for v in state.stored[start + index])
        if any((available, held, sold, bought, delivered, frozen)):
            shown.append(
                Holding(
                    product=code,
                    available_t=available,
                    locked_t=held,
                    sold_t=sold,
                    bought_today_t=bought,
                    delivered_t=delivered,
                    frozen_t=frozen,
                )
            )
    cash = _cash(settled, locked, payable, proceeds)
    return Account(participant=participant, cash=cash, holdings=tuple(shown))


def _cash(settled: int, locked: int, payable: int, proceeds: int) -> Cash:
    return Cash(
        settled_fen=settled,
        locked_fen=locked,
        payable_fen=payable,
        proceeds_fen=proceeds,
        available_fen=settled + proceeds - locked - payable,
        withdrawable_fen=max(0, settled - locked - payable),
    )


def orders(market: Market, participant: int) -> tuple[OrderView, ...]:
    """Return a participant's accepted orders of the day by number, picks and acceptances too."""
    rows = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    is_shown = (rows["participant"] == participant) & (rows["state"] != REFUSED)
    numbers = np.flatnonzero(is_shown & (rows["state"] != NEVER))
    return tuple(_order_view(market, number, rows[number]) for number in numbers.tolist())


def _order_view(market: Market, number: int, row: Row) -> OrderView:
    kind, target = int(row["kind"]), int(row["target"])
    return OrderView(
        order=number,
        client_order=int(row["client_order"]),
        participant=int(row["participant"]),
        counterparty=target if kind == CommandKind.OFFER_BLOCK else 0,
        product=market.codes[int(row["product"])],
        side=Side(int(row["side"])),
        method=_method_of(kind),
        price_fen=int(row["price_fen"]),
        quantity_t=int(row["quantity_t"]),
        left_t=int(row["left_t"]),
        is_open=bool(row["state"] == STANDS),
        is_pick=bool(row["state"] == TAKER),
        time_ns=int(row["time_ns"]),
        auction=target if kind in AUCTION_KINDS else 0,
    )


def _method_of(kind: int) -> Method:
    if kind in BLOCK_KINDS:
        return Method.BLOCK
    return Method.AUCTION if kind in AUCTION_KINDS else Method.LISTED


def _trade_views(
    market: Market, date: str, first: int, rows: NDArray[np.void]
) -> tuple[TradeView, ...]:
    names = rows.dtype.names or ()
    shown = []
    for place, values in enumerate(rows.tolist()):
        row = dict(zip(names, values, strict=True))
        amount = row["price_fen"] * row["quantity_t"]
        sums = sums_of(market.profile, Method(row["method"]), amount)
        shown.append(
            TradeView(
                trade=first + place,
                date=date,
                time_ns=row["time_ns"],
                method=Method(row["method"]),
                product=market.codes[row["product"]],
                price_fen=row["price_fen"],
                quantity_t=row["quantity_t"],
                buyer=row["buyer"],
                seller=row["seller"],
                taker_side=Side(row["taker_side"]),
                buy_order=row["buy_order"],
                sell_order=row["sell_order"],
                state=TRADE_STATES[row["state"]],
                buyer_fee_fen=sums.payable_fen - amount,
                seller_fee_fen=amount - sums.proceeds_fen,
            )
        )
    return tuple(shown)


def _today(market: Market) -> tuple[int, NDArray[np.void]]:
    """Return the number of the day's first trade and the rows of its trades so far."""
    row = market.core.market
    return int(row["trade_base"]) + 1, market.core.state.trades[: int(row["trade_count"])]


def trades(market: Market, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
    """Return the trades of a day (the open or last one if no date), of everybody or of one."""
    if not date or date == market.date:
        day, (first, rows) = market.date, _today(market)
    else:
        found = [earlier for earlier in market.days if earlier.date == date]
        if not found:
            return ()
        day, first, rows = date, found[0].first, found[0].rows
    shown = _trade_views(market, day, first, rows)
    if participant == 0:
        return shown
    return tuple(view for view in shown if participant in (view.buyer, view.seller))


def unsettled(market: Market) -> tuple[TradeView, ...]:
    """Return the trades of any day that the registry has not answered, by number."""
    shown: list[TradeView] = []
    for number in market.unsettled:
        found = market.trade_row(number)
        assert found is not None
        shown += _trade_views(market, found[0], number, found[1])
    first, rows = _today(market)
    for place in np.flatnonzero(rows["state"] == UNSETTLED).tolist():
        shown += _trade_views(market, market.date, first + place, rows[place : place + 1])
    return tuple(shown)


# ---------------------------------------------------------------- control


def participants(market: Market) -> tuple[ParticipantView, ...]:
    """Return who is admitted, by number."""
    restrictions, halts = market.core.state.restrictions.tolist(), market.core.state.halts
    return tuple(
        ParticipantView(
            participant=row.participant,
            name=row.name,
            credit_code=row.credit_code,
            province=row.province,
            sector=row.sector,
            registry_account=row.registry_account,
            funds_account=row.funds_account,
            compliance_year=row.compliance_year,
            restriction=RESTRICTIONS[restrictions[row.participant] & BY_OPERATORS],
            status=_status(restrictions[row.participant]),
            halt=int(halts[row.participant]),
            allowance_t=market.allowances_t.get(row.participant, 0),
        )
        for row in market.participants
    )


def _status(barred: int) -> Literal["active", "suspended", "stopped", "removed"]:
    """Return the strongest of what bars a participant."""
    if barred & REMOVED:
        return "removed"
    if barred & BY_OPERATORS == SUSPENDED:
        return "suspended"
    return "stopped" if barred & STOPPED else "active"


def proposals(market: Market) -> tuple[ProposalView, ...]:
    """Return the proposals that wait for a second operator, by number."""
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
        for row in market.proposals.values()
        if row.is_open
    )


def halts(market: Market) -> tuple[HaltView, ...]:
    """Return the halts that stand, by number."""
    return tuple(
        HaltView(
            halt=row.halt,
            scope=row.scope,
            method=row.method,
            product=row.product,
            participant=row.participant,
            person=row.person,
            explanation=row.explanation,
            time_ns=row.time_ns,
        )
        for _, row in sorted(market.halts.items())
    )


def closures(market: Market) -> tuple[ClosureAdded, ...]:
    """Return the dates on which the market stays closed, in order, past ones too."""
    return tuple(row for _, row in sorted(market.closures.items()))
