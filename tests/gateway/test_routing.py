"""Who sees what: every class of events has a route, and what another one sees has no secret in it."""

from typing import Any, get_args

import msgspec
import pytest

from engine.commands import (
    AccessKind,
    CancelCause,
    HaltScope,
    Method,
    Side,
)
from engine.events import (
    AccessRecorded,
    AllowanceSet,
    AnyEvent,
    AuctionApplied,
    AuctionEnded,
    BidPlaced,
    BlockConfirmed,
    BlockCountered,
    BlockOffered,
    BlockOfferedToGroup,
    Cancelled,
    CodeIssued,
    Halted,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    ListingPlaced,
    ListingsTaken,
    OwnLimitsSet,
    PhaseChanged,
    ProposalApproved,
    ProposalMade,
    Refused,
    Repeated,
    Traded,
    TradeVoided,
)
from engine.reasons import Reason
from gateway.frames_pushed import MarketEvent
from gateway.routing import OPERATORS, ROUTES, Audience, as_public, as_seen_by, is_public
from tests.sample_events import sample as plain_sample

EVENTS = get_args(AnyEvent)
ONE, TWO, THREE, STRANGER = 7_001, 7_002, 7_003, 7_009
KEY, CLIENT_ORDER = 8_100_001, 8_200_002
SECRETS = {
    "key": KEY,
    "client_order": CLIENT_ORDER,
    "person": "OPERATOR-A",
    "group": "OWN-FRIENDS",
    "members": (TWO, THREE),
    "participant": ONE,
    "counterparty": TWO,
    "buyer": ONE,
    "seller": TWO,
}
PUBLIC_ALWAYS = {
    "AuctionAnnounced",
    "AuctionEnded",
    "ClosureAdded",
    "ClosureRemoved",
    "DayClosed",
    "DayOpened",
    "NoticePublished",
    "PhaseChanged",
    "ReferencePriceCorrected",
    "ReferencePriceSet",
}
"""Classes whose every event is public; halts and voided trades are by what they are about."""


def sample(kind: Any, **changes: Any) -> Any:
    """Return an event of a class with a mark in every field that may be a secret."""
    return plain_sample(kind, **SECRETS | changes)


def text(event: AnyEvent) -> str:
    return msgspec.json.encode(event).decode()


def test_every_class_of_events_has_a_route_and_no_route_is_left_over() -> None:
    assert set(ROUTES) == set(EVENTS)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_goes_somewhere_and_carries_no_secret_of_others(kind: Any) -> None:
    event, audience = sample(kind), Audience()
    parties = audience.parties(event)
    assert parties or is_public(event) or kind in (Repeated, AccessRecorded)
    assert STRANGER not in parties
    assert is_public(event) == (kind in get_args(MarketEvent))
    if is_public(event):
        shown = text(as_public(event))
        for secret in (KEY, CLIENT_ORDER, ONE, TWO, THREE, "OPERATOR-A", "OWN-FRIENDS"):
            assert str(secret) not in shown, (kind, secret)
    for reader in set(parties) - {OPERATORS, getattr(event, "participant", ONE)}:
        shown = text(as_seen_by(event, reader))
        others = {str(TWO), str(THREE)} - {str(reader)} - _parties_of(event)
        for hidden in (str(KEY), str(CLIENT_ORDER), "OPERATOR-A", "OWN-FRIENDS", *others):
            assert hidden not in shown, (kind, reader, hidden)


def _parties_of(event: AnyEvent) -> set[str]:
    """Return the two of a deal or a talk, who know each other."""
    names = ("counterparty", "buyer", "seller")
    return {str(getattr(event, name, 0)) for name in names}


def test_the_classes_that_are_always_public_are_these() -> None:
    private = {kind.__name__ for kind in EVENTS if not is_public(sample(kind))}
    by_content = {"Halted", "Resumed", "TradeVoided"}
    assert {kind.__name__ for kind in EVENTS} - private - by_content == PUBLIC_ALWAYS


def test_a_voided_block_or_auction_trade_is_not_public_and_a_listed_one_names_nobody() -> None:
    for method in (Method.BLOCK, Method.AUCTION):
        event = sample(TradeVoided, method=method)
        assert not is_public(event)
        assert Audience().parties(event) == (OPERATORS, ONE, TWO)
    public = as_public(sample(TradeVoided, method=Method.LISTED))
    assert isinstance(public, TradeVoided)
    assert (public.buyer, public.seller) == (0, 0)


def test_a_halt_of_one_participant_is_its_own_business() -> None:
    for scope in HaltScope:
        event = sample(Halted, scope=scope)
        is_of_one = scope is HaltScope.PARTICIPANT
        assert is_public(event) != is_of_one
        assert Audience().parties(event) == ((OPERATORS, ONE) if is_of_one else (OPERATORS,))
        assert "OPERATOR-A" not in text(as_seen_by(event, ONE))
        assert "OPERATOR-A" in text(as_seen_by(event, OPERATORS))


def test_bids_are_sealed_and_applications_are_the_operators_business() -> None:
    audience = Audience()
    assert audience.parties(sample(BidPlaced)) == (ONE,)
    assert audience.parties(sample(AuctionApplied)) == (OPERATORS, ONE)
    of_bid = sample(Cancelled, method=Method.AUCTION, side=Side.BUY, cause=CancelCause.AUCTION)
    of_application = sample(Cancelled, method=Method.AUCTION, side=Side.SELL)
    assert audience.parties(of_bid) == (ONE,)
    assert audience.parties(of_application) == (OPERATORS, ONE)
    assert str(KEY) not in text(as_seen_by(of_application, OPERATORS))


def test_what_a_block_offer_was_made_to_hears_of_its_end() -> None:
    audience = Audience()
    for event in (
        sample(BlockOffered, order=11),
        sample(BlockOfferedToGroup, order=12),
        sample(BlockCountered, order=13, negotiation=13, offer=12),
        sample(BlockCountered, order=14, negotiation=13, offer=12, participant=TWO),
    ):
        audience.note(event)
    ends = {
        order: set(audience.parties(sample(Cancelled, order=order, method=Method.BLOCK)))
        for order in (11, 12, 13, 14)
    }
    assert ends == {11: {ONE, TWO}, 12: {ONE, TWO, THREE}, 13: {ONE, TWO}, 14: {ONE}}
    listed = sample(Cancelled, order=12, method=Method.LISTED)
    assert audience.parties(listed) == (ONE,)
    audience.open_day()
    assert audience.parties(sample(Cancelled, order=12, method=Method.BLOCK)) == (ONE,)


def test_a_member_of_a_group_sees_neither_its_name_nor_the_others() -> None:
    offer = sample(BlockOfferedToGroup)
    seen = as_seen_by(offer, TWO)
    assert isinstance(seen, BlockOfferedToGroup)
    assert (seen.group, seen.members, seen.key, seen.client_order) == ("", (TWO,), 0, 0)
    assert as_seen_by(offer, ONE) == offer


def test_an_answer_shows_its_sender_only_what_concerns_it() -> None:
    audience = Audience()
    audience.note(sample(BlockCountered, order=21, negotiation=21, participant=TWO))
    audience.note(
        sample(BlockCountered, order=22, negotiation=22, participant=THREE, counterparty=TWO)
    )
    confirmed = sample(BlockConfirmed)
    traded = sample(Traded, method=Method.BLOCK)
    rival = sample(Cancelled, order=22, method=Method.BLOCK, participant=THREE)
    passed = sample(PhaseChanged)
    sold = sample(AuctionEnded)
    bid = sample(Cancelled, method=Method.AUCTION, side=Side.BUY, participant=THREE)
    command = (passed, bid, sold, confirmed, traded, rival)
    assert audience.answer(command, ONE) == (passed, sold, confirmed, traded)
    with_two = audience.answer(command, TWO)
    assert [type(event) for event in with_two] == [
        PhaseChanged,
        AuctionEnded,
        BlockConfirmed,
        Traded,
        Cancelled,
    ]
    assert str(KEY) not in msgspec.json.encode(with_two).decode()


def test_a_refusal_and_a_repeat_are_always_their_senders_answer() -> None:
    refused = sample(Refused, participant=0, reason=Reason.KEY_UNKNOWN)
    assert Audience().answer((refused,), ONE) == (refused,)
    repeated = sample(Repeated)
    assert Audience().answer((repeated,), ONE) == (repeated,)
    assert Audience().parties(repeated) == ()


def test_the_rest_of_an_order_is_its_owners() -> None:
    for kind in (ListingsTaken, ListingPlaced):
        assert Audience().parties(sample(kind)) == (ONE,)
    assert set(Audience().parties(sample(AllowanceSet))) == {OPERATORS, ONE}


@pytest.mark.parametrize(
    "kind",
    [
        *(KeyEnrolled, KeyRevoked, KeyExpired, OwnLimitsSet),
        *(CodeIssued, ProposalMade, ProposalApproved),
    ],
)
def test_a_company_hears_of_its_own_keys_codes_and_proposals(kind: Any) -> None:
    assert Audience().parties(sample(kind, participant=ONE)) == (OPERATORS, ONE)
    assert Audience().parties(sample(kind, participant=0)) == (OPERATORS,)


def test_who_came_and_went_is_told_to_nobody_but_the_exchange() -> None:
    for kind in AccessKind:
        event = msgspec.structs.replace(sample(AccessRecorded), kind=kind)
        # Comings and goings stand in the drop copy; a refusal is an operator's business at once.
        is_refusal = kind in (AccessKind.LOGIN_REFUSED, AccessKind.ENROL_REFUSED)
        assert Audience().parties(event) == ((OPERATORS,) if is_refusal else ())
        assert not is_public(event)
