"""Moves of people: keys that come, follow each other and end, codes, companies' own decisions, access."""

from random import Random
from typing import Any

from engine.commands import (
    AccessKind,
    Action,
    AllowTrading,
    Approve,
    ClaimKey,
    EnrolKey,
    IssueCode,
    OnDisconnect,
    Permission,
    Propose,
    RecordAccess,
    Reject,
    RemoveParticipant,
    RestoreParticipant,
    RevokeKey,
    Role,
    RotateKey,
    SetBlockGroup,
    SetOwnLimits,
    StopTrading,
)
from tests.markets import public_key
from tests.moves_batches import BatchMoves
from tests.moves_orders import DATES, UNKNOWN, Sent
from tests.oracle.records import KeyRecord
from tests.oracle.who import locks_out

ADDRESSES = ("10.0.0.1", "10.0.0.0/8", "2001:db8::1", "2001:db8::/32", "::/0")
BAD_ADDRESSES = (
    "10.0.0.1/8",
    "10.0.0",
    "1.2.3.4/33",
    "2001:db8::1/32",
    "::1/129",
    ".....",
    "1::2::3",
)
COMPANY = (Role.TRADER, Role.RISK, Role.ADMINISTRATOR)
CLEARING, LAST_OF_FOUNDING = 4, 9
"""The first keys are those of the staff and of the five traders without whom a stream has no market."""


class WhoMoves(BatchMoves):
    """Makes what people do about keys and their own company, from what the oracle knows."""

    def holders(self, *roles: Role) -> list[KeyRecord]:
        """Return the keys that hold, of these roles or of all."""
        held = [row for row in self.state.keys.values() if row.holds]
        return [row for row in held if not roles or row.role in roles]

    def anybody(self, random: Random) -> int:
        """Return any key, mostly one that holds."""
        if random.random() < 0.1:
            return random.choice((0, UNKNOWN, *self.state.keys))
        return random.choice(self.holders()).number

    def fresh_key(self, random: Random) -> str:
        """Return a public key, now and then one that is known."""
        known = len(self.state.keys)
        return public_key(random.choice((1, *[2_000 + known] * 9)))

    # ------------------------------------------------------------ terms

    def terms(self, random: Random) -> dict[str, Any]:
        """Return the terms of a key, mostly such as make sense."""
        role = random.choice((*Role, Role.TRADER, Role.TRADER, Role.RISK, Role.ADMINISTRATOR))
        party = random.choice((*self.state.participants, 0)) if role in COMPANY else 0
        told: dict[str, Any] = {
            "role": role,
            "person": random.choice(("演示甲", "演示丁", "演示己", "演示庚")),
            "participant": party,
        }
        if random.random() < 0.08:
            told["participant"] = random.choice((0, 1, UNKNOWN))
        if random.random() < 0.3:
            size = random.randint(1, 3)
            told["permissions"] = tuple(random.choice(tuple(Permission)) for _ in range(size))
        if random.random() < 0.3:
            few = ADDRESSES if random.random() < 0.7 else (*ADDRESSES, *BAD_ADDRESSES)
            told["addresses"] = tuple(random.choice(few) for _ in range(random.randint(1, 3)))
        if random.random() < 0.45:
            later = [date for date in DATES if date >= self.state.date]
            told["valid_until"] = random.choice((*later[:2], *later[:2], DATES[0], "2021-02-29"))
        told["on_disconnect"] = random.choice(tuple(OnDisconnect))
        return told

    def new_key(self, random: Random) -> EnrolKey | IssueCode:
        """Return the enrolment of a key, or a code for one."""
        terms = self.terms(random)
        if random.random() < 0.5:
            return EnrolKey(public_key=self.fresh_key(random), **terms)
        known = len(self.state.codes)
        return IssueCode(
            code_hash=public_key(random.choice((3_000 + self.state.code_number, 3_000 + known))),
            code_valid_until_ns=max(
                0, self.state.time_ns + random.choice((-1, 10**9, 10**13, 10**15))
            ),
            **terms,
        )

    # ------------------------------------------------------------ keys

    def access(self, random: Random) -> Sent:
        """Rotate or revoke a key, claim a code, or record who came."""
        moves = (self.rotate, self.revoke, self.claim, self.record)
        return random.choices(moves, (3, 4, 4, 1))[0](random)

    def rotate(self, random: Random) -> Sent:
        """Let somebody go over to a new key."""
        command = RotateKey(public_key=self.fresh_key(random))
        return self.anybody(random), command, self.later(random)

    def revoke(self, random: Random) -> Sent:
        """Revoke a key, right or wrong; whom a stream cannot do without is only tried where it must fail."""
        sender = self.anybody(random)
        control = [row.number for row in self.holders(Role.OPERATOR, Role.SUPERVISOR)]
        target = random.choice((*self.state.keys, *control, *control, UNKNOWN))
        if random.random() < 0.3:
            sender = random.choice(control)
            target = random.choice([row for row in control if row > LAST_OF_FOUNDING] or control)
        elif random.random() < 0.5 and sender in self.state.keys:
            me = self.state.keys[sender]
            own = [row.number for row in self.holders() if row.participant == me.participant]
            target = random.choice(own or [target])
        row = self.state.keys.get(target)
        is_needed = target <= LAST_OF_FOUNDING or (row is not None and row.role in COMPANY)
        if row is not None and row.holds and is_needed and not self._can_do_without(row):
            target = UNKNOWN
        return sender, RevokeKey(key=target, explanation="演示"), self.later(random)

    def _can_do_without(self, row: KeyRecord) -> bool:
        """Say whether a stream goes on well without a key, or nobody can end it."""
        if row.number <= LAST_OF_FOUNDING:
            return row.number != CLEARING and locks_out(self.state, row)
        alike = [
            other
            for other in self.holders(row.role)
            if other.participant == row.participant and other.number != row.number
        ]
        return row.role == Role.TRADER or len(alike) > 0

    def claim(self, random: Random) -> Sent:
        """Claim a code, mostly one that waits."""
        known = [row.code_hash for row in self.state.codes.values()]
        code_hash = random.choice((*known, *known[-2:], *known[-1:], public_key(4_000)))
        command = ClaimKey(code_hash=code_hash, public_key=self.fresh_key(random))
        key = 0 if random.random() < 0.95 else self.anybody(random)
        return key, command, self.later(random)

    def record(self, random: Random) -> Sent:
        """Record that somebody came, went or was turned away."""
        command = RecordAccess(
            kind=random.choice(tuple(AccessKind)),
            key=self.anybody(random),
            person="演示甲",
            address="10.0.0.1",
            code=random.choice(("", "KEY_UNKNOWN")),
            count=random.randint(1, 3),
        )
        key = 0 if random.random() < 0.95 else self.anybody(random)
        return key, command, self.later(random)

    def limit(self, random: Random) -> Sent:
        """Limit a trader's key to what orders have had lately, lift a limit, or try what one may not."""
        watchers = self.holders(Role.RISK, Role.ADMINISTRATOR, Role.OPERATOR, Role.SUPERVISOR)
        me = random.choice(watchers)
        theirs = [
            row
            for row in self.holders(Role.TRADER)
            if me.participant in (0, row.participant) or random.random() < 0.05
        ]
        limited = [row for row in theirs if row.order_max_t]
        lately = [row.quantity_t for row in self.state.orders.values()][-3:]
        most = random.choice((1, 100, *lately, *lately)) - random.choice((0, 1))
        if limited and random.random() < 0.8:
            theirs, most = limited, 0
        target = random.choice(theirs).number if theirs else UNKNOWN
        if random.random() < 0.1:
            target = random.choice((*self.state.keys, UNKNOWN))
        key = me.number if random.random() < 0.9 else self.anybody(random)
        command = SetOwnLimits(key=target, order_max_t=most, explanation="演示")
        return key, command, self.later(random)

    # ------------------------------------------------------------ companies

    def company(self, random: Random) -> Sent:
        """Let a company's people stop or allow its trading, or decide about its keys."""
        if self.state.stopped and random.random() < 0.6:
            return self.allow(random)
        if random.random() < 0.3:
            return self.stop(random)
        return self.company_keys(random)

    def stop(self, random: Random) -> Sent:
        """Stop the trading of a company, or try to."""
        who = self.holders(*COMPANY)
        key = random.choice(who).number if random.random() < 0.9 else self.anybody(random)
        return key, StopTrading(explanation="演示"), self.later(random)

    def allow(self, random: Random) -> Sent:
        """End a stop, mostly by another person."""
        party = random.choice((*self.state.stopped, *self.state.stopped, 1))
        who = [
            row for row in self.holders(Role.RISK, Role.ADMINISTRATOR) if row.participant == party
        ]
        key = random.choice(who).number if who and random.random() < 0.9 else self.anybody(random)
        return key, AllowTrading(explanation="演示"), self.later(random)

    def company_keys(self, random: Random) -> Sent:
        """Propose keys of an administrator's own company, or decide about such a proposal."""
        bosses = self.holders(Role.ADMINISTRATOR)
        others = self.holders(Role.OPERATOR, Role.SUPERVISOR)
        if not bosses:
            return self.rotate(random)
        waiting = [row for row in self.state.proposals.values() if row.is_open]
        own = [row for row in waiting if row.participant]
        if own and random.random() < 0.6:
            proposal = random.choice(own if random.random() < 0.9 else waiting)
            key = random.choice((*bosses, *others)).number
            if random.random() < 0.8:
                return key, Approve(proposal=proposal.number), self.later(random)
            return key, Reject(proposal=proposal.number, reason="演示"), self.later(random)
        boss = random.choice(bosses)
        action = self.company_action(random, boss.participant)
        return boss.number, Propose(actions=(action,), reason="演示"), self.later(random)

    def company_action(self, random: Random, party: int) -> Action:
        """Return what an administrator wants: a key of its company, sometimes what is not its business."""
        if random.random() < 0.1:
            return self.removal(random)
        return EnrolKey(
            public_key=self.fresh_key(random),
            role=random.choice((*COMPANY, Role.TRADER, Role.TRADER, Role.OPERATOR)),
            person=random.choice(("演示辛", "演示壬")),
            participant=party if random.random() < 0.9 else 1,
        )

    # ------------------------------------------------------------ actions of two operators

    def removal(self, random: Random) -> RemoveParticipant | RestoreParticipant:
        """Return a removal, or mostly the return of who is removed."""
        removed = list(self.state.removed)
        if removed and random.random() < 0.8:
            return RestoreParticipant(
                participant=random.choice(removed), compliance_year=random.choice((2021, 2022))
            )
        party = random.choice((*self.state.participants, *self.state.participants, UNKNOWN))
        if random.random() < 0.1:
            return RestoreParticipant(participant=party, compliance_year=2021)
        return RemoveParticipant(participant=party, explanation="演示")

    def strange_group(self, random: Random) -> Sent:
        """Let anybody set a group: who may not trade blocks has none."""
        return self.anybody(random), SetBlockGroup(group="who", members=()), self.later(random)
