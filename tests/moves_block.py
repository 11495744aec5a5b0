"""Block moves: groups, offers to groups, and the words of a negotiation, mostly by those it concerns."""

from random import Random

from engine.commands import (
    ConfirmBlock,
    CounterBlock,
    OfferBlockToGroup,
    RefuseBlock,
    SetBlockGroup,
    Side,
)
from engine.units import QUANTITY_T_MAX
from tests.moves_orders import UNKNOWN, OrderMoves, Sent
from tests.oracle.block import OFFERS, may_answer
from tests.oracle.questions import opposite
from tests.oracle.records import Negotiation, Order

NAMES = ("friends", "group-2", "third", "fourth")


class BlockMoves(OrderMoves):
    """Makes the next word of a block dialogue from what the oracle knows."""

    # ------------------------------------------------------------ groups

    def group(self, random: Random) -> Sent:
        """Set, change or remove a group; now and then with oneself or with nobody known in it."""
        key = self.trader(random)
        others = [number for number in self.state.participants if number != self.party(key)]
        members = random.sample(others, min(len(others), random.randint(1, 4)))
        chance = random.random()
        if chance < 0.05:
            members.append(random.choice((UNKNOWN, UNKNOWN - 1)))
        if 0.03 < chance < 0.08:
            members.append(max(1, self.party(key)))
        if chance > 0.85:
            members = []
        name = random.choice((*NAMES[:2], *NAMES))
        command = SetBlockGroup(group=name, members=tuple(members))
        return key, command, self.later(random)

    def party(self, key: int) -> int:
        """Return for whom a key trades, 0 for nobody."""
        sender = self.state.keys.get(key)
        return sender.participant if sender else 0

    def offer_group(self, random: Random) -> Sent:
        """Offer to an own group, now and then to one that is not there."""
        groups = list(self.state.groups)
        if not groups and random.random() < 0.8:
            return self.group(random)
        product, side = self.product(random), random.choice(list(Side))
        price = self.block_price(random, product)
        owner, name = random.choice(groups or [(1, "nobody")])
        rich = max(
            random.sample(groups, min(len(groups), 3)) or [(owner, name)],
            key=lambda place: self.means(self.key_of(random, place[0]), product, side, price),
        )
        owner, name = random.choice(((owner, name), rich, rich))
        key = self.key_of(random, owner)
        if random.random() < 0.06:
            key, name = self.trader(random), random.choice((*NAMES, "nobody"))
        rules = self.state.profile.block
        means = self.means(key, product, side, price)
        command = OfferBlockToGroup(
            product=product,
            side=side,
            group=name,
            price_fen=price,
            quantity_t=self.size(random, means, rules.quantity_t_min, rules.quantity_t_max),
            client_order=self.number(),
        )
        return self.order(key, command, random)

    def key_of(self, random: Random, participant: int) -> int:
        """Return one key of a participant, a trader's where it has none."""
        keys = self.owners(participant)
        return random.choice(keys) if keys else self.trader(random)

    def block_price(self, random: Random, product: str) -> int:
        """Return a price of a block: edges of the band, a step outside, the middle, or anything."""
        record = self.state.products.get(product)
        floor, cap = record.block_band if record else (0, 0)
        inside = random.randint(min(floor, cap), max(floor, cap))
        near = (floor, cap, (floor + cap) // 2, inside, inside, inside)
        price = (
            random.choice(near) if random.random() < 0.92 else random.choice((floor - 1, cap + 1))
        )
        return self.on_tick(random, max(1, price))

    # ------------------------------------------------------------ negotiations

    def live_offers(self) -> list[Order]:
        """Return the offers that stand, to one or to a group."""
        return [row for row in self.state.orders.values() if row.is_open and row.kind in OFFERS]

    def names(self, random: Random) -> tuple[int, int, int]:
        """Return sender's key, offer and counterparty of a word: mostly of those whom it concerns."""
        offers, talks = self.live_offers(), list(self.state.negotiations.values())
        chance = random.random()
        if talks and chance < 0.5:
            return self._inside(random, random.choice(talks))
        if offers and chance < 0.92:
            offer = random.choice(offers)
            key = self.key_of(random, random.choice(may_answer(offer)))
            return key, offer.number, offer.participant
        anybody = random.choice((*self.state.participants, 1, UNKNOWN))
        numbers = [row.number for row in offers]
        target = random.choice((*numbers, *numbers, *self.state.orders, 1, UNKNOWN))
        return self.trader(random), target, anybody

    def _inside(self, random: Random, talk: Negotiation) -> tuple[int, int, int]:
        offerer = self.state.orders[talk.offer].participant
        sides = (offerer, talk.counterparty)
        speaker, other = random.choice((sides, sides[::-1]))
        if random.random() < 0.03:
            other = random.choice((*self.state.participants, UNKNOWN))
        return self.key_of(random, speaker), talk.offer, other

    def talk_of(self, key: int, offer: int, counterparty: int) -> Negotiation | None:
        """Return the negotiation between a sender and a counterparty on an offer."""
        parties = {self.party(key), counterparty}
        for talk in self.state.negotiations.values():
            row = self.state.orders[talk.offer]
            if talk.offer == offer and parties == {row.participant, talk.counterparty}:
                return talk
        return None

    def counter(self, random: Random) -> Sent:
        """Name other terms: nearly the last ones, at the limit of the means, or anything."""
        key, offer, counterparty = self.names(random)
        if not self.live_offers() and random.random() < 0.8:
            return random.choice((self.offer, self.offer_group))(random)
        row = self.state.orders.get(offer)
        product = row.product if row is not None else self.product(random)
        price, tonnes = self.block_price(random, product), self.block_tonnes(random)
        talk = self.talk_of(key, offer, counterparty)
        if row is not None and random.random() < 0.6:
            price = talk.price_fen if talk is not None else row.price_fen
            price += random.choice((-1, 0, 0, 1)) * self.state.profile.tick_size_fen
            tonnes = talk.quantity_t if talk is not None else row.quantity_t
        if row is not None and random.random() < 0.2:
            side = row.side if self.party(key) == row.participant else opposite(row.side)
            rules = self.state.profile.block
            means = self.means(key, product, side, price) + random.choice((0, row.left_t))
            tonnes = self.size(random, means, rules.quantity_t_min, rules.quantity_t_max)
        command = CounterBlock(
            offer=offer,
            counterparty=counterparty,
            price_fen=max(1, price),
            quantity_t=max(1, tonnes),
            client_order=self.number(),
            text=random.choice(("", "", "演示", "再低一点")),
        )
        return self.order(key, command, random)

    def block_tonnes(self, random: Random) -> int:
        """Return the size of a block, small enough that most can pay it, or past the rules."""
        rules, lot = self.state.profile.block, self.state.profile.lot_size_t
        least = rules.quantity_t_min
        if random.random() < 0.01:
            return min(rules.quantity_t_max + lot, QUANTITY_T_MAX)
        return random.choice((least, least, least + lot, least + 7 * lot, max(1, least - lot)))

    def confirm(self, random: Random) -> Sent:
        """Confirm terms: mostly those that stand, else ones of another moment."""
        key, offer, counterparty = self.names(random)
        if not self.state.negotiations and random.random() < 0.8:
            return self.counter(random)
        talks = list(self.state.negotiations.values())
        if talks and random.random() < 0.8:
            key, offer, counterparty = self._inside(random, self._ripest(random, talks))
        talk = self.talk_of(key, offer, counterparty)
        terms = talk.terms if talk is not None else "0123456789abcdef"
        if random.random() < 0.05:
            terms = terms[:-1] + random.choice("0123456789abcdef")
        command = ConfirmBlock(
            offer=offer, counterparty=counterparty, terms=terms, client_order=self.number()
        )
        return self.order(key, command, random)

    def _ripest(self, random: Random, talks: list[Negotiation]) -> Negotiation:
        confirmed = [talk for talk in talks if talk.confirmed]
        return random.choice(confirmed if confirmed and random.random() < 0.6 else talks)

    def refuse(self, random: Random) -> Sent:
        """Refuse an offer or end a negotiation."""
        if not self.live_offers() and random.random() < 0.8:
            return self.offer_group(random)
        key, offer, counterparty = self.names(random)
        command = RefuseBlock(
            offer=offer, counterparty=max(1, counterparty), client_order=self.number()
        )
        return self.order(key, command, random)
