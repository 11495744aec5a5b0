"""The single questions that order commands ask, compiled ones and those of the dialogues alike.

Each returns a `Reason`, 0 if nothing is broken, and leaves the refusal's figures in the market row.
"""

from typing import Final

from engine.commands import Side
from engine.core.accounts import held_fen, holding_of, spendable_fen
from engine.core.layout import (
    BY_OPERATORS,
    KEY_EXPIRED,
    KEY_REVOKED,
    MAY_AUCTION,
    MAY_BLOCK,
    MAY_CANCEL,
    MAY_LIST,
    REMOVED,
    STOPPED,
    SUSPENDED,
    UNKNOWN_PRODUCT,
    UNRESTRICTED,
    Rows,
    State,
)
from engine.core.machine import at, kernel, whole
from engine.core.records import CommandKind
from engine.events import Phase
from engine.reasons import Reason

OK: Final = 0
BUY: Final = int(Side.BUY)
PRE_OPEN: Final = int(Phase.PRE_OPEN)
OPEN: Final = int(Phase.OPEN)
BREAK: Final = int(Phase.BREAK)
SESSION: Final = 0
"""The phase in which orders are taken ..."""
WIDE: Final = 1
"""... and with it those in which a cancel is."""


PERMISSION_BITS: Final = 4
PERMISSION_MASK: Final = (1 << PERMISSION_BITS) - 1
NEEDED: Final = sum(
    permission << PERMISSION_BITS * kind
    for permission, kinds in (
        (
            MAY_LIST,
            (CommandKind.PLACE_LISTING, CommandKind.PICK_LISTING, CommandKind.TAKE_LISTINGS),
        ),
        (
            MAY_BLOCK,
            (
                CommandKind.OFFER_BLOCK,
                CommandKind.ACCEPT_BLOCK,
                CommandKind.OFFER_BLOCK_TO_GROUP,
                CommandKind.COUNTER_BLOCK,
                CommandKind.CONFIRM_BLOCK,
                CommandKind.REFUSE_BLOCK,
            ),
        ),
        (MAY_AUCTION, (CommandKind.APPLY_AUCTION, CommandKind.PLACE_BID)),
        (MAY_CANCEL, (CommandKind.CANCEL_ORDER, CommandKind.REDUCE_ORDER)),
    )
    for kind in kinds
)
"""The permission that each kind of command needs, four bits to the kind: one word, so nothing is read."""


@kernel
def complain(S: State, reason: int, figure_a: int, figure_b: int) -> int:
    """Keep the figures of a broken rule and return its reason."""
    S.market["figure_a"] = figure_a
    S.market["figure_b"] = figure_b
    return whole(reason)


@kernel
def _refuse_key(S: State, key: int) -> int:
    """Say why a key may not do what it asks for: it holds no more, or never could."""
    permissions = whole(S.keys[at(key)]["permissions"])
    if permissions == KEY_REVOKED:
        return complain(S, Reason.KEY_REVOKED, key, 0)
    if permissions == KEY_EXPIRED:
        return complain(S, Reason.KEY_EXPIRED, 0, 0)
    return complain(S, Reason.ROLE_NOT_PERMITTED, 0, 0)


@kernel
def check_sender(S: State, commands: Rows, i: int) -> int:
    """Say whether the key may send this kind of command; key 0 is the sequencer's own and no trader's."""
    command = commands[at(i)]
    key = whole(command["key"])
    if key < 0 or key > S.market["key_count"]:
        return complain(S, Reason.KEY_UNKNOWN, 0, 0)
    needed = NEEDED >> PERMISSION_BITS * whole(command["kind"]) & PERMISSION_MASK
    if S.keys[at(key)]["permissions"] & needed == 0:
        return _refuse_key(S, key)
    return OK


@kernel
def check_phase(S: State, method: int, phases: int) -> int:
    """Say whether a method is in a session, or if `WIDE` also before and between its sessions."""
    row = S.methods[at(method)]
    phase = row["phase"]
    if phase == OPEN or (phases == WIDE and phase >= PRE_OPEN and phase <= BREAK):
        return OK
    return complain(S, Reason.PHASE_CLOSED, phase, row["next_ns"])


@kernel
def _check_restriction(S: State, restriction: int, side: int) -> int:
    """Say whether a restricted party may act on a side, what bars it most first (R76)."""
    if restriction & REMOVED != 0:
        return complain(S, Reason.PARTICIPANT_REMOVED, 0, 0)
    barred = restriction & BY_OPERATORS
    if barred == SUSPENDED:
        return complain(S, Reason.PARTICIPANT_SUSPENDED, 0, 0)
    if restriction & STOPPED != 0:
        return complain(S, Reason.TRADING_STOPPED, 0, 0)
    if barred == UNRESTRICTED or barred != side:
        return OK
    if side == BUY:
        return complain(S, Reason.BUYING_RESTRICTED, 0, 0)
    return complain(S, Reason.SELLING_RESTRICTED, 0, 0)


@kernel
def check_may_act(S: State, method: int, participant: int, side: int, phases: int) -> int:
    """Say whether a method is open and not halted and the party may act on a side (R76, R80)."""
    reason = check_phase(S, method, phases)
    if reason != OK:
        return reason
    halt = whole(S.methods[at(method)]["halt"])
    if halt == 0:
        halt = whole(S.halts[at(participant)])
    if halt != 0:
        return complain(S, Reason.HALTED, halt, 0)
    restriction = S.restrictions[at(participant)]
    if restriction == UNRESTRICTED:
        return OK
    return _check_restriction(S, whole(restriction), side)


@kernel
def check_product_halt(S: State, product: int) -> int:
    """Say whether a product is halted (R80)."""
    halt = S.products[at(product)]["halt"]
    return OK if halt == 0 else complain(S, Reason.HALTED, halt, 0)


@kernel
def check_product(S: State, product: int) -> int:
    """Say whether a product exists, is listed, has its reference price and is not halted."""
    if product == UNKNOWN_PRODUCT:
        return complain(S, Reason.PRODUCT_UNKNOWN, 0, 0)
    row = S.products[at(product)]
    if row["is_listed"] == 0:
        return complain(S, Reason.PRODUCT_NOT_LISTED, 0, 0)
    if row["has_reference"] == 0:
        return complain(S, Reason.REFERENCE_PRICE_MISSING, 0, 0)
    return check_product_halt(S, product)


@kernel
def check_price(S: State, price: int, floor: int, cap: int) -> int:
    """Say whether a price is on the tick and inside a band."""
    tick = S.rules["tick_fen"]
    if tick != 1 and price // tick * tick != price:  # rounds down: exact only on the tick
        return complain(S, Reason.PRICE_OFF_TICK, tick, 0)
    if price < floor or price > cap:
        return complain(S, Reason.PRICE_OUTSIDE_BAND, floor, cap)
    return OK


@kernel
def check_quantity(S: State, quantity: int, lot: int, minimum: int, maximum: int) -> int:
    """Say whether a quantity is on the lot and inside its bounds."""
    if lot != 1 and quantity // lot * lot != quantity:  # rounds down: exact only on the lot
        return complain(S, Reason.QUANTITY_OFF_LOT, lot, 0)
    if quantity < minimum:
        return complain(S, Reason.QUANTITY_BELOW_MINIMUM, minimum, 0)
    if quantity > maximum:
        return complain(S, Reason.QUANTITY_ABOVE_MAXIMUM, maximum, 0)
    return OK


@kernel
def check_own_limit(S: State, key: int, quantity: int) -> int:
    """Say whether a quantity keeps to the own limit of the key that asks for it."""
    limit = S.keys[at(key)]["order_max_t"]
    return OK if quantity <= limit else complain(S, Reason.OWN_LIMIT, limit, quantity)


@kernel
def _check_position(S: State, participant: int, product: int, quantity: int, own_t: int) -> int:
    """Say whether a purchase keeps to the position limit, standing purchases counted in (R73)."""
    limit = S.limits[at(participant)]
    if limit == 0:
        return OK
    row = holding_of(S, participant, product)
    holding, stored = S.holdings[at(row)], S.stored[at(row)]
    held = holding["available_t"] + holding["locked_t"] + holding["bought_t"]
    held += stored["delivered_t"] + stored["frozen_t"] + S.wanted[at(row)] - own_t
    if held + quantity > limit:
        return complain(S, Reason.POSITION_LIMIT_EXCEEDED, limit, held + quantity)
    return OK


@kernel
def check_means(
    S: State, participant: int, product: int, side: int, cash_fen: int, quantity: int, own: int
) -> int:
    """Say whether the party can pay or deliver (R55); both are looked up, for sides are random.

    `own` is an order whose lock is released first, 0 if there is none.
    """
    spendable = spendable_fen(S, participant)
    sellable = S.holdings[at(holding_of(S, participant, product))]["available_t"]
    own_t = whole(0)
    if own != 0:
        own_t = whole(S.orders[at(own)]["left_t"])
        spendable += held_fen(S, own, own_t) if side == BUY else whole(0)
        sellable += whole(0) if side == BUY else own_t
    if S.rules["limits"] != 0 and side == BUY:  # asked first, for sides are random
        reason = _check_position(S, participant, product, quantity, own_t)
        if reason != OK:
            return reason
    spare = spendable - cash_fen if side == BUY else sellable - quantity
    if spare >= 0:
        return OK
    if side == BUY:
        return complain(S, Reason.CASH_NOT_AVAILABLE, spendable, cash_fen)
    return complain(S, Reason.HOLDING_NOT_AVAILABLE, sellable, quantity)
