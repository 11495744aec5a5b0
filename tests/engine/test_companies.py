"""Companies: their administrators' proposals, the stop of own trading, removal and return."""

from typing import Any

from msgspec import structs

from engine.commands import (
    AllowTrading,
    AnnounceAuction,
    ApplyAuction,
    Approve,
    AuctionFloor,
    CancelCause,
    EnrolKey,
    Method,
    OfferBlock,
    Permission,
    PickListing,
    PlaceListing,
    PriceMode,
    Propose,
    Reject,
    RemoveParticipant,
    RestoreParticipant,
    Restriction,
    RestrictParticipant,
    RevokeKey,
    Role,
    RotateKey,
    SettleTrade,
    Side,
    StopTrading,
)
from engine.events import (
    AuctionAnnounced,
    Cancelled,
    ParticipantRemoved,
    ProposalMade,
    Refused,
    TradingStopped,
)
from engine.reasons import Reason
from tests.engine.people_desk import People, people_profile
from tests.heard import refusals
from tests.markets import (
    CLEARING,
    OPERATOR_ONE,
    OPERATOR_TWO,
    Desk,
    Twins,
    admission,
    public_key,
    trader,
)

STOP, ALLOW = StopTrading(explanation="演示"), AllowTrading(explanation="演示")


class Company(People):
    """Participant 1 with two administrators and a risk officer, participant 2 with one administrator."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.boss = self.key(Role.ADMINISTRATOR, "演示管理一", 1)
        self.second = self.key(Role.ADMINISTRATOR, "演示管理二", 1)
        self.risk = self.key(Role.RISK, "演示风控", 1)
        self.stranger = self.key(Role.ADMINISTRATOR, "演示外人", 2)

    def propose(self, key: int, *actions: Any) -> int:
        """Let somebody propose; return the number of the proposal."""
        (made,) = self.desk.send(key, Propose(actions=actions, reason="演示"))
        assert isinstance(made, ProposalMade), made
        return made.proposal

    def listing(self, participant: int = 1) -> str:
        """Let a trader list; return the event's name or the reason."""
        number = self.desk.next_client_order()
        command = PlaceListing(
            product="CEA19-20", side=Side.BUY, price_fen=4_800, quantity_t=1, client_order=number
        )
        return self.told(trader(participant), command)[-1]

    def offer(self, sender: int, counterparty: int) -> str:
        """Let a trader offer a block; return the event's name or the reason."""
        command = OfferBlock(
            product="CEA19-20",
            side=Side.BUY,
            counterparty=counterparty,
            price_fen=4_800,
            quantity_t=100_000,
            client_order=self.desk.next_client_order(),
        )
        return self.told(trader(sender), command)[-1]


# ---------------------------------------------------------------- administrators


def test_two_administrators_enrol_a_key_of_their_company() -> None:
    company = Company()
    number = company.propose(company.boss, company.wish(Role.TRADER, "演示新", 1))
    (view,) = company.exchange.proposals()
    assert (view.participant, view.person) == (1, "演示管理一")
    assert company.told(company.boss, Approve(proposal=number)) == ["SAME_PERSON"]
    assert company.told(company.stranger, Approve(proposal=number)) == ["PROPOSAL_UNKNOWN"]
    assert company.told(company.stranger, Reject(proposal=number, reason="x")) == [
        "PROPOSAL_UNKNOWN"
    ]
    assert company.told(company.second, Approve(proposal=number)) == [
        "ProposalApproved",
        "KeyEnrolled",
    ]
    assert company.told(OPERATOR_ONE, Approve(proposal=number)) == ["PROPOSAL_NOT_OPEN"]


def test_an_operator_may_approve_for_a_company_and_no_administrator_for_the_exchange() -> None:
    company = Company()
    number = company.propose(company.boss, company.wish(Role.RISK, "演示新", 1))
    assert company.told(OPERATOR_ONE, Approve(proposal=number))[0] == "ProposalApproved"
    number = company.propose(OPERATOR_ONE, company.wish(Role.TRADER, "演示新", 1))
    assert company.told(company.boss, Approve(proposal=number)) == ["PROPOSAL_UNKNOWN"]
    number = company.propose(company.boss, company.wish(Role.RISK, "演示又新", 1))
    assert company.told(company.second, Reject(proposal=number, reason="x")) == ["ProposalRejected"]


def test_an_administrator_proposes_keys_of_its_own_company_and_nothing_else() -> None:
    company = Company()
    good = company.wish(Role.TRADER, "演示新", 1)
    for wrong in (
        company.wish(Role.TRADER, "演示新", 2),
        company.wish(Role.OPERATOR, "演示新"),
        company.wish(Role.READER, "演示新"),
        admission(5),
        RestrictParticipant(participant=1, restriction=Restriction.NONE),
    ):
        (refused,) = company.desk.send(company.boss, Propose(actions=(good, wrong), reason="x"))
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.action) == (Reason.ROLE_NOT_PERMITTED, 1)
    propose = Propose(actions=(good,), reason="x")
    for key in (company.risk, trader(1), CLEARING):
        assert company.told(key, propose) == ["ROLE_NOT_PERMITTED"]


def test_no_company_fills_the_table_of_proposals() -> None:
    company = Company(company_proposals=2)
    for _ in range(2):
        last = company.propose(company.boss, company.wish(Role.TRADER, "演示新", 1))
    propose = Propose(actions=(company.wish(Role.TRADER, "演示新", 1),), reason="x")
    (full,) = company.desk.send(company.second, propose)
    assert refusals([full]) == [Reason.PROPOSALS_FULL]
    assert getattr(full, "figure_a", 0) == 2
    company.propose(company.stranger, company.wish(Role.TRADER, "演示新", 2))
    company.propose(OPERATOR_ONE, admission(5))
    company.desk.send(company.second, Reject(proposal=last, reason="x"))
    assert company.told(company.second, propose) == ["ProposalMade"]


def test_supervisors_alone_approve_where_the_profile_says_so() -> None:
    desk = Desk(Twins(people_profile(approvers="supervisors")))
    desk.found(0)
    chief = EnrolKey(public_key=public_key(900), role=Role.SUPERVISOR, person="演示主管")
    key = getattr(desk.one(0, chief), "key", 0)
    made = [desk.one(sender, Propose(actions=(admission(1),), reason="x")) for sender in (1, key)]
    first, second = (getattr(event, "proposal", 0) for event in made)
    assert refusals(desk.send(OPERATOR_TWO, Approve(proposal=first))) == [Reason.ROLE_NOT_PERMITTED]
    assert refusals(desk.send(key, Approve(proposal=second))) == [Reason.SAME_PERSON]
    assert refusals(desk.send(OPERATOR_TWO, Approve(proposal=second))) == [
        Reason.ROLE_NOT_PERMITTED
    ]
    told = desk.send(key, Approve(proposal=first))
    assert [type(event).__name__ for event in told] == ["ProposalApproved", "ParticipantAdmitted"]
    boss = EnrolKey(
        public_key=public_key(901), role=Role.ADMINISTRATOR, person="演示管理", participant=1
    )
    boss_key = getattr(desk.one(0, boss), "key", 0)
    wish = structs.replace(boss, public_key=public_key(902), role=Role.RISK)
    own = desk.one(boss_key, Propose(actions=(wish,), reason="x"))
    approve = Approve(proposal=getattr(own, "proposal", 0))
    assert [type(event).__name__ for event in desk.send(OPERATOR_ONE, approve)] == [
        "ProposalApproved",
        "KeyEnrolled",
    ]


# ---------------------------------------------------------------- the stop of own trading


def test_a_stop_ends_what_is_open_and_another_person_allows_trading_again() -> None:
    company = Company()
    for participant in (1, 2):
        assert company.listing(participant) == "ListingPlaced"
    stopped, *ended = company.desk.send(company.risk, STOP)
    assert isinstance(stopped, TradingStopped)
    assert (stopped.participant, stopped.person) == (1, "演示风控")
    (cancelled,) = ended
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.participant, cancelled.cause) == (1, CancelCause.STOP)
    assert company.listing() == "TRADING_STOPPED"
    assert company.listing(2) == "ListingPlaced"
    assert company.exchange.participants()[0].status == "stopped"
    assert company.told(company.boss, STOP) == ["TRADING_STOPPED"]
    assert company.told(company.risk, ALLOW) == ["SAME_PERSON"]
    assert company.told(trader(1), ALLOW) == ["ROLE_NOT_PERMITTED"]
    assert company.told(company.stranger, ALLOW) == ["TRADING_NOT_STOPPED"]
    assert company.told(company.boss, ALLOW) == ["TradingAllowed"]
    assert company.told(company.boss, ALLOW) == ["TRADING_NOT_STOPPED"]
    assert company.listing() == "ListingPlaced"
    assert company.exchange.participants()[0].status == "active"


def test_who_may_stop_the_trading_of_its_company() -> None:
    company = Company()
    narrow = company.key(
        Role.TRADER, "演示窄", 1, permissions=(Permission.LISTED, Permission.CANCEL)
    )
    assert company.told(narrow, STOP) == ["ROLE_NOT_PERMITTED"]
    for key in (OPERATOR_ONE, CLEARING):
        assert company.told(key, STOP) == ["ROLE_NOT_PERMITTED"]
    assert company.told(trader(1), STOP)[0] == "TradingStopped"
    assert company.told(company.boss, ALLOW) == ["TradingAllowed"]
    assert company.told(company.boss, STOP)[0] == "TradingStopped"


def test_operators_lift_no_stop_and_a_company_no_restriction() -> None:
    company = Company()
    company.desk.send(company.risk, STOP)
    bar = RestrictParticipant(participant=1, restriction=Restriction.SUSPENDED)
    company.desk.approve(bar)
    assert company.listing() == "PARTICIPANT_SUSPENDED"
    company.desk.approve(RemoveParticipant(participant=1, explanation="x"))
    assert company.listing() == "PARTICIPANT_REMOVED"
    company.desk.approve(RestoreParticipant(participant=1, compliance_year=2021))
    assert company.listing() == "PARTICIPANT_SUSPENDED"
    assert company.told(company.boss, ALLOW) == ["TradingAllowed"]
    assert company.listing() == "PARTICIPANT_SUSPENDED"
    company.desk.send(company.risk, STOP)
    company.desk.approve(structs.replace(bar, restriction=Restriction.NO_BUYING))
    assert company.listing() == "TRADING_STOPPED"
    company.desk.approve(structs.replace(bar, restriction=Restriction.NONE))
    assert company.listing() == "TRADING_STOPPED"
    company.desk.send(company.boss, ALLOW)
    assert company.listing() == "ListingPlaced"


def test_a_stop_does_not_free_from_an_announced_auction_and_a_removal_fails_it() -> None:
    company = Company()
    desk, rules = company.desk, company.exchange.profile.auction
    assert rules is not None
    for _ in range(2):
        apply = ApplyAuction(
            product="CEA19-20",
            quantity_t=rules.quantity_t_min,
            floor=AuctionFloor.LOWER_LIMIT,
            price_mode=PriceMode.UNIFORM,
            client_order=desk.next_client_order(),
        )
        assert company.told(trader(1), apply) == ["AuctionApplied"]
    window = {"begin_ns": desk.clock("10:00"), "end_ns": desk.clock("10:30")}
    (announced,) = desk.approve(AnnounceAuction(auction=1, **window))
    assert isinstance(announced, AuctionAnnounced)
    assert company.told(company.risk, STOP) == ["TradingStopped", "Cancelled"]
    assert [row.order for row in company.exchange.orders(1) if row.is_open] == [1]
    told = desk.approve(RemoveParticipant(participant=1, explanation="x"))
    assert [type(event).__name__ for event in told] == [
        "ParticipantRemoved",
        "Cancelled",
        "AuctionEnded",
    ]
    assert not [row for row in company.exchange.orders(1) if row.is_open]


# ---------------------------------------------------------------- removal


def test_a_removed_participant_leaves_nothing_behind_and_is_still_settled() -> None:
    company = Company()
    company.desk.listing(2, Side.SELL, 4_800, 10)
    pick = PickListing(listing=1, quantity_t=10, client_order=company.desk.next_client_order())
    traded = company.desk.one(trader(1), pick)
    company.listing()
    company.desk.advance("13:00")
    assert company.offer(2, 1) == "BlockOffered"
    removed, *ended = company.desk.approve(RemoveParticipant(participant=1, explanation="x"))
    assert isinstance(removed, ParticipantRemoved)
    told = [(e.participant, e.method, e.cause) for e in ended if isinstance(e, Cancelled)]
    assert told == [
        (1, Method.LISTED, CancelCause.REMOVAL),
        (2, Method.BLOCK, CancelCause.REMOVAL),
    ]
    assert company.listing() == "PARTICIPANT_REMOVED"
    assert company.offer(2, 1) == "COUNTERPARTY_UNKNOWN"
    assert company.exchange.participants()[0].status == "removed"
    settle = SettleTrade(trade=getattr(traded, "trade", 0), reference="S-1")
    assert company.told(CLEARING, settle) == ["TradeSettled"]


def test_what_a_removed_participant_and_its_people_are_refused() -> None:
    company = Company()
    number = company.propose(company.boss, company.wish(Role.TRADER, "演示新", 1))
    remove = RemoveParticipant(participant=1, explanation="x")
    restore = RestoreParticipant(participant=1, compliance_year=2022)
    assert refusals(company.desk.approve(restore)) == [Reason.PARTICIPANT_NOT_REMOVED]
    company.desk.approve(remove)
    again = admission(5, credit_code=admission(1).credit_code)
    wish = company.wish(Role.TRADER, "演示新", 1)
    assert refusals(
        company.desk.approve(
            remove,
            again,
            wish,
            structs.replace(remove, participant=9),
            structs.replace(restore, participant=9),
        ),
        company.desk.send(company.boss, Propose(actions=(wish,), reason="x")),
        company.desk.send(company.boss, RotateKey(public_key=company.fresh())),
        company.desk.send(company.risk, STOP),
        company.desk.send(company.risk, ALLOW),
        company.desk.send(OPERATOR_TWO, Approve(proposal=number)),
    ) == [
        Reason.PARTICIPANT_REMOVED,
        Reason.PARTICIPANT_REMOVED,
        Reason.PARTICIPANT_REMOVED,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        *[Reason.PARTICIPANT_REMOVED] * 5,
    ]
    assert company.told(company.boss, RevokeKey(key=trader(1), explanation="x")) == ["KeyRevoked"]
    assert [type(event).__name__ for event in company.desk.approve(restore)] == [
        "ParticipantRestored"
    ]
    assert company.exchange.participants()[0].compliance_year == 2022
    assert company.told(company.risk, STOP) == ["TradingStopped"]


COMPANY_SCENES = (
    test_a_stop_ends_what_is_open_and_another_person_allows_trading_again,
    test_what_a_removed_participant_and_its_people_are_refused,
)
