"""The book: a dense ladder of levels per product and side, with occupancy words to find the next one.

Position 0 is the best price that the band allows, on both sides: the lowest for sellers, the highest
for buyers. So "better" is always "lower", and one function finds the next level for both. Levels are
doubly linked lists in order of arrival through the rows of their orders (engine notes, section 4).
"""

from typing import Final

from engine.core.layout import Rows, State
from engine.core.machine import at, kernel, lowest_bit, whole, word

WORD_SHIFT: Final = 6
WORD_MASK: Final = 63


@kernel
def ladder_of(product: int, side: int) -> int:
    """Return the number of a product's ladder of a side."""
    return whole(product) * 2 + whole(side) - 1


@kernel
def position_of(S: State, ladder: int, price: int) -> int:
    """Return the position of a price that is on the tick and inside the band; no side is asked."""
    row = S.ladders[at(ladder)]
    away, step = price - row["origin_fen"], row["step_fen"]
    if S.rules["tick_fen"] == 1:  # the usual one: a division saved, and no look at the side
        return away * step
    return away // step  # exact: on the tick


@kernel
def price_at(S: State, ladder: int, position: int) -> int:
    """Return the price of a position in fen."""
    row = S.ladders[at(ladder)]
    return row["origin_fen"] + position * row["step_fen"]


@kernel
def _set_bit(words: Rows, start: int, position: int) -> bool:
    """Set a bit and say whether its word was empty."""
    place = at(start + (position >> WORD_SHIFT))
    before = words[place]
    words[place] = before | (word(1) << word(position & WORD_MASK))
    return before == word(0)


@kernel
def _clear_bit(words: Rows, start: int, position: int) -> bool:
    """Clear a bit and say whether its word is now empty."""
    place = at(start + (position >> WORD_SHIFT))
    after = words[place] & ~(word(1) << word(position & WORD_MASK))
    words[place] = after
    return after == word(0)


@kernel
def occupy(S: State, ladder: int, position: int) -> None:
    """Mark a level as taken, and its word and group where they were empty."""
    rules = S.rules
    if _set_bit(S.bits, ladder * rules["words"], position):
        group = position >> WORD_SHIFT
        if _set_bit(S.groups, ladder * rules["groups"], group):
            _set_bit(S.blocks, ladder * rules["blocks"], group >> WORD_SHIFT)


@kernel
def vacate(S: State, ladder: int, position: int) -> None:
    """Mark a level as empty, and its word and group where nothing is left in them."""
    rules = S.rules
    if _clear_bit(S.bits, ladder * rules["words"], position):
        group = position >> WORD_SHIFT
        if _clear_bit(S.groups, ladder * rules["groups"], group):
            _clear_bit(S.blocks, ladder * rules["blocks"], group >> WORD_SHIFT)


@kernel
def _bits_from(words: Rows, start: int, position: int) -> int:
    """Return the bits of a position's word that are at or after it."""
    taken = words[at(start + (position >> WORD_SHIFT))]
    return taken & (~word(0) << word(position & WORD_MASK))


@kernel
def next_level(S: State, ladder: int, position: int) -> int:
    """Return the first taken position at or after one, -1 if there is none."""
    rules = S.rules
    if position >= rules["levels"]:
        return whole(-1)
    start, groups, blocks = (
        ladder * rules["words"],
        ladder * rules["groups"],
        ladder * rules["blocks"],
    )
    found = _bits_from(S.bits, start, position)
    if found != word(0):
        return (position & ~WORD_MASK) + lowest_bit(found)
    place = (position >> WORD_SHIFT) + 1
    if place >= rules["words"]:
        return whole(-1)
    found = _bits_from(S.groups, groups, place)
    if found == word(0):
        block = (place >> WORD_SHIFT) + 1
        if block >= rules["groups"]:
            return whole(-1)
        found = _bits_from(S.blocks, blocks, block)
        while found == word(0):  # at most 16 words: a ladder has at most four million levels
            block = (block & ~WORD_MASK) + WORD_MASK + 1
            if block >= rules["groups"]:
                return whole(-1)
            found = _bits_from(S.blocks, blocks, block)
        block = (block & ~WORD_MASK) + lowest_bit(found)
        place = block << WORD_SHIFT
        found = S.groups[at(groups + block)]
    place = (place & ~WORD_MASK) + lowest_bit(found)
    return (place << WORD_SHIFT) + lowest_bit(S.bits[at(start + place)])


@kernel
def link(S: State, number: int) -> None:
    """Put an order at the end of its level; row 0 of the orders takes the links to nobody."""
    order = S.orders[at(number)]
    ladder = ladder_of(order["product"], order["side"])
    position = whole(order["position"])
    level = S.levels[at(ladder * S.rules["levels"] + position)]
    tail = whole(level["tail"])
    order["previous"] = tail
    order["next"] = 0
    S.orders[at(tail)]["next"] = number
    level["tail"] = number
    level["quantity_t"] += whole(order["left_t"])
    level["listings"] += 1
    side = S.ladders[at(ladder)]
    side["listings"] += 1
    if tail == 0:
        level["head"] = number
        occupy(S, ladder, position)
        if side["best"] < 0 or position < side["best"]:
            side["best"] = position


@kernel
def shrink(S: State, number: int, quantity: int) -> None:
    """Take a quantity off an order's level; the order itself stays in it."""
    order = S.orders[at(number)]
    ladder = ladder_of(order["product"], order["side"])
    row = ladder * S.rules["levels"] + whole(order["position"])
    S.levels[at(row)]["quantity_t"] -= quantity


@kernel
def unlink(S: State, number: int) -> None:
    """Take an order with what is left of it out of its level."""
    order = S.orders[at(number)]
    ladder = ladder_of(order["product"], order["side"])
    position = whole(order["position"])
    level = S.levels[at(ladder * S.rules["levels"] + position)]
    before, after = whole(order["previous"]), whole(order["next"])
    head, tail = whole(level["head"]), whole(level["tail"])
    S.orders[at(before)]["next"] = after  # row 0 takes the links to nobody
    S.orders[at(after)]["previous"] = before
    level["head"] = after if before == 0 else head
    level["tail"] = before if after == 0 else tail
    level["quantity_t"] -= whole(order["left_t"])
    level["listings"] -= 1
    side = S.ladders[at(ladder)]
    side["listings"] -= 1
    if before == 0 and after == 0:
        vacate(S, ladder, position)
        if side["best"] == position:
            side["best"] = next_level(S, ladder, position + 1)


@kernel
def _is_anothers(S: State, level: int, participant: int) -> bool:
    """Say whether somebody else than a participant lists at a level; costs its own listings in front."""
    number = whole(S.levels[at(level)]["head"])
    while number != 0:
        if S.orders[at(number)]["participant"] != participant:
            return True
        number = whole(S.orders[at(number)]["next"])
    return False


@kernel
def deepest_price(S: State, number: int, participant: int, depth: int) -> int:
    """Return the price of the last of `depth` levels where others list, 0 if a listing is no deeper.

    One's own listings cannot be picked, so levels of them alone do not count (R44, R45).
    """
    order = S.orders[at(number)]
    ladder = ladder_of(order["product"], order["side"])
    own, start = whole(order["position"]), ladder * S.rules["levels"]
    position = whole(S.ladders[at(ladder)]["best"])
    seen = whole(0)
    while position < own:
        if _is_anothers(S, start + position, participant):
            seen += 1
            if seen == depth:
                return price_at(S, ladder, position)
        position = next_level(S, ladder, position + 1)
    return whole(0)


@kernel
def better_price(S: State, number: int, participant: int) -> int:
    """Return the best price ahead of a listing where another than the participant lists, else 0.

    Cost: the participant's own listings ahead, for another's first listing ends the search (R45, R47).
    """
    return deepest_price(S, number, participant, 1)


@kernel
def older_listing(S: State, number: int, participant: int) -> int:
    """Return the oldest listing of a listing's level that is not the participant's, 0 if it is that one."""
    order = S.orders[at(number)]
    ladder = ladder_of(order["product"], order["side"])
    level = ladder * S.rules["levels"] + whole(order["position"])
    other = whole(S.levels[at(level)]["head"])
    while other != number:
        if S.orders[at(other)]["participant"] != participant:
            return other
        other = whole(S.orders[at(other)]["next"])
    return whole(0)
