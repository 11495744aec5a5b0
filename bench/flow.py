"""Plans one trading day of one product as a market whose trades add up to the published figures.

`plan_day` is pure and seeded: the same figures, profile and seed give the same day, to the byte. It
solves the trades first (`bench.solver`, `bench.block_solver`), then `bench.floor` puts a market around
them: listings on several levels, partial picks, picks that are not of the oldest listing, cancels,
offers and acceptances of blocks in the afternoon, four probes at the edges of the band.
"""

from random import Random
from typing import Final

from bench.block_solver import BlockTask, solve_blocks
from bench.floor import Floor, session_times
from bench.plan import ActionKind, DayFigures, DayPlan, Need, PlannedAction
from bench.solver import ListedTask, NotReconstructible, solve_listed
from engine.commands import Side
from engine.profile import Profile
from engine.units import band_fen, divide_half_up, format_yuan

__all__ = [
    "PARTICIPANTS",
    "ActionKind",
    "DayFigures",
    "DayPlan",
    "Need",
    "NotReconstructible",
    "PlannedAction",
    "plan_day",
    "session_times",
]

PARTICIPANTS: Final = 24
"""Participants of a planned day unless told otherwise."""


def plan_day(
    figures: DayFigures,
    profile: Profile,
    seed: int,
    *,
    participants: int = PARTICIPANTS,
    trades: int = 0,
    prices: int = 0,
) -> DayPlan:
    """Return a day that adds up to the figures; NotReconstructible with the reason where none can.

    `trades` is about how many listed trades are wished (0: one per 1,000 t), `prices` the least number
    of different prices (0: any). The open is the first trade, unless the profile publishes the day's
    open by decision (R48); then `first_trade_fen` counts.
    """
    if participants < 2:  # noqa: PLR2004 - a trade has two sides
        raise ValueError("a day needs at least two participants")
    random = Random(f"{seed}:{figures.date}:{figures.product}")  # noqa: S311 - a day, not a secret
    check_figures(figures, profile)
    listed = solve_listed(listed_task(figures, profile), trades, random)
    if prices and len({price_fen for price_fen, _ in listed}) < prices:
        raise NotReconstructible("too_few_prices", f"the day cannot trade at {prices} prices")
    blocks = solve_blocks(block_task(figures, profile), random)
    floor = Floor(figures, profile, participants, random)
    actions = floor.run(listed, blocks)
    return DayPlan(
        figures=figures,
        seed=seed,
        participants=participants,
        listed_trades=tuple(listed),
        block_trades=tuple(blocks),
        actions=tuple(actions),
        needs=count_needs(actions, participants),
    )


def opens_by_decision(figures: DayFigures, profile: Profile) -> bool:
    """Return whether the published open is a dated line of the profile, not the first trade (R48)."""
    return any(
        row.date == figures.date and row.product == figures.product
        for row in profile.published_open
    )


def check_figures(figures: DayFigures, profile: Profile) -> None:
    """Raise NotReconstructible where the figures contradict the band, each other or the close rule."""
    floor_fen, cap_fen = band_fen(figures.reference_fen, profile.listed.band_bp)
    if floor_fen < 2:  # noqa: PLR2004 - the probe a fen below the floor must be a price
        raise NotReconstructible(
            "reference_too_small", f"no price below the floor of {figures.reference_fen} fen"
        )
    named = {"open": figures.open_fen, "high": figures.high_fen, "low": figures.low_fen}
    if figures.listed_quantity_t == 0:
        _check_quiet(figures, named)
        return
    if opens_by_decision(figures, profile):
        named["open"] = figures.first_trade_fen
    for name, price_fen in named.items():
        if price_fen and not floor_fen <= price_fen <= cap_fen:
            raise NotReconstructible(
                f"{name}_outside_band",
                f"{name} {format_yuan(price_fen)} is outside the band"
                f" {format_yuan(floor_fen)}–{format_yuan(cap_fen)}"
                f" of reference {format_yuan(figures.reference_fen)}",
            )
    low_fen = figures.low_fen or floor_fen
    high_fen = figures.high_fen or cap_fen
    for name, price_fen in named.items():
        if price_fen and not low_fen <= price_fen <= high_fen:
            raise NotReconstructible(
                f"{name}_outside_low_and_high",
                f"{name} {format_yuan(price_fen)} is not between low {format_yuan(low_fen)}"
                f" and high {format_yuan(high_fen)}",
            )
    average_fen = divide_half_up(figures.listed_amount_fen, figures.listed_quantity_t)
    if figures.close_fen != average_fen:
        raise NotReconstructible(
            "close_not_average",
            f"close {format_yuan(figures.close_fen)} is not the average"
            f" {format_yuan(average_fen)} of the listed trades (R49)",
        )


def _check_quiet(figures: DayFigures, named: dict[str, int]) -> None:
    """Hold a day without listed trades to its reference (R48, R49)."""
    if figures.listed_amount_fen:
        raise NotReconstructible(
            "amount_without_volume",
            f"listed amount {format_yuan(figures.listed_amount_fen)} without any volume",
        )
    for name, price_fen in {**named, "close": figures.close_fen}.items():
        if price_fen and price_fen != figures.reference_fen:
            raise NotReconstructible(
                f"{name}_without_trade",
                f"{name} {format_yuan(price_fen)} without a listed trade differs from the reference"
                f" {format_yuan(figures.reference_fen)}",
            )


def listed_task(figures: DayFigures, profile: Profile) -> ListedTask:
    """Return what the listed trades must add up to."""
    floor_fen, cap_fen = band_fen(figures.reference_fen, profile.listed.band_bp)
    by_decision = opens_by_decision(figures, profile)
    traded = figures.listed_quantity_t > 0
    first_fen = figures.first_trade_fen if by_decision else figures.open_fen
    return ListedTask(
        quantity_t=figures.listed_quantity_t,
        amount_fen=figures.listed_amount_fen,
        floor_fen=(traded and figures.low_fen) or floor_fen,
        cap_fen=(traded and figures.high_fen) or cap_fen,
        first_fen=first_fen if traded else 0,
        high_fen=figures.high_fen if traded else 0,
        low_fen=figures.low_fen if traded else 0,
        quantity_t_max=profile.listed.quantity_t_max,
    )


def block_task(figures: DayFigures, profile: Profile) -> BlockTask:
    """Return what the block trades must add up to."""
    floor_fen, cap_fen = band_fen(figures.reference_fen, profile.block.band_bp)
    return BlockTask(
        quantity_t=figures.block_quantity_t,
        amount_fen=figures.block_amount_fen,
        floor_fen=floor_fen,
        cap_fen=cap_fen,
        quantity_t_min=profile.block.quantity_t_min,
    )


def count_needs(actions: list[PlannedAction], participants: int) -> tuple[Need, ...]:
    """Return the least cash and allowances with which every action passes (R54-R56).

    A sale's proceeds buy at once; what is bought today is never sold today.
    """
    used_fen = [0] * (participants + 1)
    used_t = [0] * (participants + 1)
    most_fen = [0] * (participants + 1)
    most_t = [0] * (participants + 1)
    resting = {a.number: a for a in actions if a.kind in {ActionKind.LIST, ActionKind.OFFER}}

    def use(participant: int, side: Side, price_fen: int, quantity_t: int) -> None:
        if side is Side.BUY:
            used_fen[participant] += price_fen * quantity_t
            most_fen[participant] = max(most_fen[participant], used_fen[participant])
        else:
            used_t[participant] += quantity_t
            most_t[participant] = max(most_t[participant], used_t[participant])

    for action in actions:
        who, price_fen, quantity_t = action.participant, action.price_fen, action.quantity_t
        if action.is_refused:
            continue
        if action.kind is ActionKind.CANCEL:
            # A negative use gives back what the order had locked.
            use(who, action.side, price_fen, -quantity_t)
        else:
            use(who, action.side, price_fen, quantity_t)
        if action.kind in {ActionKind.PICK, ActionKind.ACCEPT}:
            seller = who if action.side is Side.SELL else resting[action.target].participant
            used_fen[seller] -= price_fen * quantity_t
    return tuple(
        Need(participant=number, cash_fen=most_fen[number], quantity_t=most_t[number])
        for number in range(1, participants + 1)
    )
