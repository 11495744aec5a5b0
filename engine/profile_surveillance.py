"""The table `surveillance` of a profile: when an alert is raised; and what all tables have in common."""

from typing import Annotated

from msgspec import Meta, Struct

from engine.commands import QuantityT
from engine.units import BASIS_POINTS, PRICE_FEN_MAX

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Share = Annotated[int, Meta(ge=1, le=BASIS_POINTS)]
WatchedSeconds = Annotated[int, Meta(ge=1, le=86_400)]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables of a profile file."""


class Surveillance(Table, frozen=True, kw_only=True):
    """When `engine.surveillance` raises an alert; R51 and R66 give two figures, the rest is our choice.

    `_min` alerts below and `_max` above the figure, the others at it. The defaults are those of the
    national profile, so that a journal older than this table can be watched too.
    """

    close_quantity_t_min: QuantityT = 100
    """A close decided by fewer tonnes of listed trades (R51)."""
    band_edge_fen: Annotated[int, Meta(ge=0, le=PRICE_FEN_MAX)] = 0
    """How near to floor or cap a trade counts as at the edge."""
    late_window_s: WatchedSeconds = 600
    """The end of the listed day in which a new high or low is watched."""
    late_extreme_bp: Share = 50
    """How far it moves the high or low that stood before, in parts of the reference."""
    far_listing_bp: Share = 500
    """How far a listing stands from the listed mean of the day."""
    far_listing_s: WatchedSeconds = 10
    """How soon taken counts as at once."""
    crossing_s: WatchedSeconds = 60
    """How long crossing listings may rest in an open session (R46)."""
    paired_trades: Count = 2
    """Trades of the same two in each direction, one product, one day."""
    list_cancels: Count = 10
    """Listings of one product cancelled untouched, one after the other."""
    volume_share_bp_max: Share = 5_000
    """A participant's part in the listed volume of a product and day."""
    volume_share_t_min: QuantityT = 10_000
    """Smaller volumes are not watched for shares."""
    holding_share_bp_max: Share = 3_000
    """A participant's part in all that the market holds of a product (R73, R74)."""
    block_off_listed_bp_max: Annotated[int, Meta(ge=1, le=10 * BASIS_POINTS)] = 2_000
    """How far a block's price may lie from the listed mean of the day (R66)."""
    order_rate_max: Annotated[int, Meta(ge=1, le=1_000)] = 50
    """Order commands of one participant within the window."""
    order_rate_window_s: WatchedSeconds = 1
    auction_bidders_min: Count = 2
    """An auction that sold to fewer bidders: with one there was no competition."""
