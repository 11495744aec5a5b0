"""Who answers which command of a dialogue, an auction or a batch, and who draws the consequences of an ended order."""

from collections.abc import Callable
from typing import Any, Final

from engine import auction, auction_end, batches, block, switches, take
from engine.commands import (
    ApplyAuction,
    ArmSwitch,
    BatchCommand,
    CancelAll,
    CancelOrders,
    ConfirmBlock,
    CounterBlock,
    DialogueCommand,
    OfferBlockToGroup,
    PlaceBid,
    PlaceListings,
    RefuseBlock,
    SetBlockGroup,
    TakeListings,
)
from engine.core.records import CommandKind
from engine.events import AnyEvent
from engine.market import Market

_ANSWER: Final[dict[type, Callable[[Market, Any], list[AnyEvent]]]] = {
    TakeListings: take.take_listings,
    SetBlockGroup: block.set_group,
    PlaceListings: batches.place_listings,
    CancelOrders: batches.cancel_orders,
    CancelAll: batches.cancel_all,
    ArmSwitch: switches.arm,
    OfferBlockToGroup: block.offer_to_group,
    CounterBlock: block.counter,
    ConfirmBlock: block.confirm,
    RefuseBlock: block.refuse,
    ApplyAuction: auction.apply,
    PlaceBid: auction.bid,
}
_OF_AUCTIONS: Final = (CommandKind.APPLY_AUCTION, CommandKind.PLACE_BID)


def take_dialogue(
    market: Market, command: DialogueCommand | SetBlockGroup | BatchCommand
) -> list[AnyEvent]:
    """Answer one command of a dialogue, an auction or a batch."""
    return _ANSWER[type(command)](market, command)


def follow(market: Market, order: int) -> list[AnyEvent]:
    """Draw the consequences of an order that stands no more, or was taken."""
    kind = market.core.state.orders[order]["kind"]
    if kind in _OF_AUCTIONS:
        return auction_end.follow(market, order)
    return block.follow(market, order)
