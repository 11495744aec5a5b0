"""All frames that the gateway sends, as the unions that decoding takes."""

from gateway.frames_book import BookChanged, BookSnapshot
from gateway.frames_pushed import (
    Beat,
    DropCopy,
    MarketChanged,
    MarketSnapshot,
    PrivateEvents,
    QuoteChanged,
    StatusChanged,
    TradesPrinted,
)
from gateway.frames_replies import (
    AccountReply,
    ApplicationsReply,
    AuctionsReply,
    BookReply,
    BulletinsReply,
    ClockAdvanced,
    ClosuresReply,
    CodesReply,
    Enrolled,
    Error,
    GroupsReply,
    HaltsReply,
    Hello,
    KeysReply,
    ListingsReply,
    LoginRefused,
    MarketReply,
    NegotiationsReply,
    NoticesReply,
    OffersReply,
    OrderFound,
    OrdersReply,
    ParticipantsReply,
    Pong,
    ProposalsReply,
    StatementReply,
    Submitted,
    Subscribed,
    TradesReply,
    Welcome,
)

Pushed = (
    StatusChanged
    | BookSnapshot
    | BookChanged
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
)
AnyOutward = (
    Hello
    | Welcome
    | LoginRefused
    | Enrolled
    | Beat
    | Error
    | Submitted
    | OrderFound
    | Subscribed
    | Pong
    | ClockAdvanced
    | MarketReply
    | BookReply
    | ListingsReply
    | AccountReply
    | OrdersReply
    | TradesReply
    | ParticipantsReply
    | KeysReply
    | CodesReply
    | ProposalsReply
    | BulletinsReply
    | StatementReply
    | GroupsReply
    | OffersReply
    | NegotiationsReply
    | AuctionsReply
    | ApplicationsReply
    | HaltsReply
    | ClosuresReply
    | NoticesReply
    | Pushed
)
