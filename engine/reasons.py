"""Why a command is refused: one member per broken rule, its number, its figures and its texts.

Numbers are stable and only ever added: 1xx who, 2xx state of the market, 3xx price and quantity,
4xx balances, 5xx the order it names, 6xx proposals and control, 9xx capacity. `PRECEDENCE` is the
order in which the engine checks an order command; the first broken rule is the one that is told.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct


class Reason(IntEnum):
    """A refusal, named as the broken rule."""

    NONE = 0
    KEY_UNKNOWN = 101
    ROLE_NOT_PERMITTED = 102
    PARTICIPANT_SUSPENDED = 103
    PARTICIPANT_UNKNOWN = 104
    NOT_KEY_EMITTING_UNIT = 105
    INVALID_CREDIT_CODE = 106
    ALREADY_ADMITTED = 107
    KEY_ALREADY_ENROLLED = 108
    CLIENT_ORDER_REUSED = 109
    BUYING_RESTRICTED = 110
    SELLING_RESTRICTED = 111
    KEY_REVOKED = 112
    KEY_EXPIRED = 113
    PARTICIPANT_REMOVED = 114
    TRADING_STOPPED = 115
    CODE_UNKNOWN = 116
    CODE_EXPIRED = 117
    CODE_USED = 118
    LAST_OPERATORS = 119
    PARTICIPANT_NOT_REMOVED = 120
    KEY_ADDRESS_INVALID = 121
    TRADING_NOT_STOPPED = 122
    PHASE_CLOSED = 201
    DAY_NOT_OPEN = 202
    DAY_STILL_OPEN = 203
    DATE_NOT_LATER = 204
    PRODUCT_UNKNOWN = 205
    PRODUCT_NOT_LISTED = 206
    REFERENCE_PRICE_MISSING = 207
    TIME_BACKWARDS = 208
    NOT_OFFERED = 209
    HALTED = 210
    NOT_HALTED = 211
    ALREADY_HALTED = 212
    HALT_UNKNOWN = 213
    PHASE_UNCHANGED = 214
    DATE_CLOSED = 215
    CLOSURE_UNKNOWN = 216
    DATE_INVALID = 217
    PRICE_OFF_TICK = 301
    PRICE_OUTSIDE_BAND = 302
    QUANTITY_OFF_LOT = 303
    QUANTITY_BELOW_MINIMUM = 304
    QUANTITY_ABOVE_MAXIMUM = 305
    REFERENCE_PRICE_MISMATCH = 306
    REFERENCE_PRICE_ALREADY_SET = 307
    BAND_TOO_WIDE = 308
    OWN_LIMIT = 309
    CASH_NOT_AVAILABLE = 401
    HOLDING_NOT_AVAILABLE = 402
    CASH_NOT_WITHDRAWABLE = 403
    FROZEN_NOT_ENOUGH = 404
    POSITION_LIMIT_EXCEEDED = 405
    PROCEEDS_USED = 406
    ORDER_UNKNOWN = 501
    ORDER_NOT_OPEN = 502
    NOT_ORDER_OWNER = 503
    OWN_LISTING = 504
    BETTER_LEVEL_EXISTS = 505
    LISTING_QUANTITY_NOT_AVAILABLE = 506
    NOT_OFFER_COUNTERPARTY = 507
    OWN_COUNTERPARTY = 508
    COUNTERPARTY_UNKNOWN = 509
    TRADE_UNKNOWN = 510
    TRADE_ALREADY_SETTLED = 511
    REFERENCE_REUSED = 512
    TRADE_ALREADY_VOIDED = 513
    EARLIER_LISTING_EXISTS = 514
    LEVEL_TOO_DEEP = 515
    NOTHING_TO_TAKE = 516
    REDUCTION_NOT_LESS = 517
    OFFER_IN_NEGOTIATION = 518
    NEGOTIATION_UNKNOWN = 519
    TERMS_DIFFER = 520
    ALREADY_CONFIRMED = 521
    GROUP_UNKNOWN = 522
    AUCTION_UNKNOWN = 523
    AUCTION_NOT_APPLIED = 524
    AUCTION_NOT_OPEN = 525
    AUCTION_ANNOUNCED = 526
    AUCTION_WINDOW_INVALID = 527
    OWN_AUCTION = 528
    BID_IRREVOCABLE = 529
    BIDDER_SHARE_EXCEEDED = 530
    PROPOSAL_UNKNOWN = 601
    PROPOSAL_NOT_OPEN = 602
    SAME_PERSON = 603
    ORDERS_FULL = 901
    PARTICIPANTS_FULL = 902
    KEYS_FULL = 903
    PROPOSALS_FULL = 904
    AMOUNT_ABOVE_MAXIMUM = 905
    GROUPS_FULL = 906
    NEGOTIATIONS_FULL = 907
    ROUNDS_FULL = 908
    AUCTIONS_FULL = 909
    BIDS_FULL = 910
    HALTS_FULL = 911
    CLOSURES_FULL = 912
    PERSON_KEYS_FULL = 913
    CODES_FULL = 914
    NOTICES_FULL = 915
    SWITCHES_FULL = 916


class Explanation(Struct, frozen=True):
    """What a refusal tells a person: texts with `{a}` and `{b}` for its two figures, and their units."""

    zh: str
    en: str
    figures: tuple[str, str] = ("", "")
    """Units of the two figures: fen, t, time_ns (of the day), moment (of any), phase, number; empty for none."""


EXPLANATIONS: Final[dict[Reason, Explanation]] = {
    Reason.NONE: Explanation("无", "none"),
    Reason.KEY_UNKNOWN: Explanation("密钥未登记", "the key is not enrolled"),
    Reason.ROLE_NOT_PERMITTED: Explanation("该角色无此权限", "this role may not do that"),
    Reason.PARTICIPANT_SUSPENDED: Explanation("交易主体已被暂停", "the participant is suspended"),
    Reason.BUYING_RESTRICTED: Explanation(
        "交易主体被限制买入", "the participant is restricted from buying"
    ),
    Reason.SELLING_RESTRICTED: Explanation(
        "交易主体被限制卖出", "the participant is restricted from selling"
    ),
    Reason.PARTICIPANT_UNKNOWN: Explanation(
        "交易主体 {a} 不存在", "participant {a} is unknown", ("number", "")
    ),
    Reason.NOT_KEY_EMITTING_UNIT: Explanation(
        "不是重点排放单位,不能准入", "not a key emitting unit, so not admitted"
    ),
    Reason.INVALID_CREDIT_CODE: Explanation(
        "统一社会信用代码不符合 GB 32100", "the unified social credit code breaks GB 32100"
    ),
    Reason.ALREADY_ADMITTED: Explanation(
        "已准入,编号 {a}", "already admitted as participant {a}", ("number", "")
    ),
    Reason.KEY_ALREADY_ENROLLED: Explanation(
        "公钥已登记,编号 {a}", "already enrolled as key {a}", ("number", "")
    ),
    Reason.CLIENT_ORDER_REUSED: Explanation(
        "客户委托号已用于另一内容", "this client order number stands for another content"
    ),
    Reason.KEY_REVOKED: Explanation("密钥 {a} 已吊销", "key {a} is revoked", ("number", "")),
    Reason.KEY_EXPIRED: Explanation("密钥已过有效期", "the key's last day lies behind"),
    Reason.PARTICIPANT_REMOVED: Explanation(
        "交易主体已被移出市场", "the participant is removed from the market"
    ),
    Reason.TRADING_STOPPED: Explanation(
        "本方已停止交易, 须由本方另一人恢复",
        "your own people stopped trading; another of them has to allow it",
    ),
    Reason.CODE_UNKNOWN: Explanation("没有该开通码", "no such enrolment code"),
    Reason.CODE_EXPIRED: Explanation(
        "开通码已于 {a} 失效", "the enrolment code ended at {a}", ("moment", "")
    ),
    Reason.CODE_USED: Explanation(
        "第 {a} 号开通码已存在或已使用",
        "the code is taken already, as enrolment code {a}",
        ("number", ""),
    ),
    Reason.LAST_OPERATORS: Explanation(
        "至少须留两名可相互复核的交易所人员",
        "two persons must remain who can approve for each other",
    ),
    Reason.PARTICIPANT_NOT_REMOVED: Explanation(
        "交易主体 {a} 未被移出", "participant {a} is not removed", ("number", "")
    ),
    Reason.KEY_ADDRESS_INVALID: Explanation(
        "第 {a} 个网络地址无效",
        "address {a} of the key is no address and no prefix",
        ("number", ""),
    ),
    Reason.TRADING_NOT_STOPPED: Explanation("本方交易未停止", "your trading is not stopped"),
    Reason.PERSON_KEYS_FULL: Explanation(
        "该人员已有 {a} 个有效密钥, 请先吊销一个",
        "this person has {a} valid keys; revoke one first",
        ("number", ""),
    ),
    Reason.CODES_FULL: Explanation(
        "未使用的开通码已达上限 {a}", "{a} enrolment codes already wait", ("number", "")
    ),
    Reason.PHASE_CLOSED: Explanation(
        "当前阶段 {a} 不接受该申报,下次变更 {b}",
        "not accepted in phase {a}; it changes at {b}",
        ("phase", "time_ns"),
    ),
    Reason.DAY_NOT_OPEN: Explanation("没有开启的交易日", "no trading day is open"),
    Reason.DAY_STILL_OPEN: Explanation("前一交易日尚未收市", "the last trading day has not closed"),
    Reason.DATE_NOT_LATER: Explanation(
        "日期不晚于上一交易日", "the date is not after the last trading day"
    ),
    Reason.PRODUCT_UNKNOWN: Explanation("没有该标的物", "no such product"),
    Reason.PRODUCT_NOT_LISTED: Explanation(
        "该标的物尚未上市", "the product is not listed on this day"
    ),
    Reason.REFERENCE_PRICE_MISSING: Explanation(
        "基准价尚未复核,市场未开市",
        "the reference price is not approved yet, so the product has not opened",
    ),
    Reason.TIME_BACKWARDS: Explanation("时间不能后退", "time cannot go backwards"),
    Reason.PRICE_OFF_TICK: Explanation(
        "价格不是最小变动 {a} 元的整数倍",
        "the price is not a multiple of the tick {a}",
        ("fen", ""),
    ),
    Reason.PRICE_OUTSIDE_BAND: Explanation(
        "价格超出涨跌幅 {a} – {b}", "the price is outside the band {a} – {b}", ("fen", "fen")
    ),
    Reason.QUANTITY_OFF_LOT: Explanation(
        "数量不是最小单位 {a} 吨的整数倍",
        "the quantity is not a multiple of the lot {a} t",
        ("t", ""),
    ),
    Reason.QUANTITY_BELOW_MINIMUM: Explanation(
        "数量低于下限 {a} 吨", "the quantity is below the minimum {a} t", ("t", "")
    ),
    Reason.QUANTITY_ABOVE_MAXIMUM: Explanation(
        "数量高于上限 {a} 吨", "the quantity is above the maximum {a} t", ("t", "")
    ),
    Reason.REFERENCE_PRICE_MISMATCH: Explanation(
        "与系统计算的基准价 {a} 不符", "differs from the computed reference price {a}", ("fen", "")
    ),
    Reason.REFERENCE_PRICE_ALREADY_SET: Explanation(
        "当日基准价已为 {a}", "the reference price of the day is already {a}", ("fen", "")
    ),
    Reason.BAND_TOO_WIDE: Explanation(
        "价格区间 {a} 档超过上限 {b} 档",
        "the band has {a} levels, the limit is {b}",
        ("number", "number"),
    ),
    Reason.OWN_LIMIT: Explanation(
        "该密钥单笔委托的自设上限为 {a} 吨, 本笔 {b} 吨",
        "the own limit of this key is {a} t an order, this one has {b} t",
        ("t", "t"),
    ),
    Reason.CASH_NOT_AVAILABLE: Explanation(
        "可用资金 {a} 元不足,需要 {b} 元", "{a} yuan available, {b} needed", ("fen", "fen")
    ),
    Reason.HOLDING_NOT_AVAILABLE: Explanation(
        "可卖数量 {a} 吨不足,需要 {b} 吨", "{a} t available to sell, {b} t needed", ("t", "t")
    ),
    Reason.CASH_NOT_WITHDRAWABLE: Explanation(
        "可取资金 {a} 元不足,需要 {b} 元", "{a} yuan may be withdrawn, {b} needed", ("fen", "fen")
    ),
    Reason.FROZEN_NOT_ENOUGH: Explanation(
        "冻结数量只有 {a} 吨,需要 {b} 吨", "only {a} t are frozen, {b} t needed", ("t", "t")
    ),
    Reason.ORDER_UNKNOWN: Explanation("没有委托 {a}", "order {a} is unknown", ("number", "")),
    Reason.ORDER_NOT_OPEN: Explanation(
        "委托 {a} 已成交或已撤", "order {a} is filled or cancelled", ("number", "")
    ),
    Reason.NOT_ORDER_OWNER: Explanation(
        "委托 {a} 不属于本方", "order {a} is not yours", ("number", "")
    ),
    Reason.OWN_LISTING: Explanation(
        "不能摘取本方挂牌 {a}", "listing {a} is your own", ("number", "")
    ),
    Reason.BETTER_LEVEL_EXISTS: Explanation(
        "存在更优价位 {a},须先摘取", "a better level stands at {a}; pick it first", ("fen", "")
    ),
    Reason.LISTING_QUANTITY_NOT_AVAILABLE: Explanation(
        "该挂牌只剩 {a} 吨", "the listing has only {a} t left", ("t", "")
    ),
    Reason.NOT_OFFER_COUNTERPARTY: Explanation(
        "报价 {a} 不是发给本方的", "offer {a} is not addressed to you", ("number", "")
    ),
    Reason.OWN_COUNTERPARTY: Explanation(
        "不能以本方为对手方", "you cannot be your own counterparty"
    ),
    Reason.COUNTERPARTY_UNKNOWN: Explanation(
        "对手方 {a} 不存在", "counterparty {a} is unknown", ("number", "")
    ),
    Reason.TRADE_UNKNOWN: Explanation("没有成交 {a}", "trade {a} is unknown", ("number", "")),
    Reason.TRADE_ALREADY_SETTLED: Explanation(
        "成交 {a} 已交收", "trade {a} is already settled", ("number", "")
    ),
    Reason.REFERENCE_REUSED: Explanation(
        "该业务编号已用于另一内容", "this reference stands for another content"
    ),
    Reason.PROPOSAL_UNKNOWN: Explanation("没有提议 {a}", "proposal {a} is unknown", ("number", "")),
    Reason.PROPOSAL_NOT_OPEN: Explanation(
        "提议 {a} 已处理", "proposal {a} is no longer open", ("number", "")
    ),
    Reason.SAME_PERSON: Explanation(
        "须由另一人办理, 提议、暂停或停止的本人不能复核或恢复",
        "another person has to do this than who proposed, halted or stopped it",
    ),
    Reason.ORDERS_FULL: Explanation(
        "当日委托已达上限 {a}", "the day's limit of {a} orders is reached", ("number", "")
    ),
    Reason.PARTICIPANTS_FULL: Explanation(
        "交易主体已达上限 {a}", "the limit of {a} participants is reached", ("number", "")
    ),
    Reason.KEYS_FULL: Explanation(
        "密钥已达上限 {a}", "the limit of {a} keys is reached", ("number", "")
    ),
    Reason.PROPOSALS_FULL: Explanation(
        "待复核提议已达上限 {a}", "{a} proposals already wait", ("number", "")
    ),
    Reason.AMOUNT_ABOVE_MAXIMUM: Explanation(
        "金额超过上限 {a} 元", "the amount is above the limit {a}", ("fen", "")
    ),
    Reason.NOT_OFFERED: Explanation("本市场不提供该功能", "this market does not offer that"),
    Reason.HALTED: Explanation(
        "已暂停交易 (第 {a} 号), 只能撤单",
        "halted by halt {a}; only cancels are taken",
        ("number", ""),
    ),
    Reason.NOT_HALTED: Explanation("须先暂停该标的物的交易", "the product must be halted first"),
    Reason.ALREADY_HALTED: Explanation(
        "已由第 {a} 号暂停", "halt {a} already stands for that", ("number", "")
    ),
    Reason.HALT_UNKNOWN: Explanation(
        "没有生效的第 {a} 号暂停", "no halt {a} stands", ("number", "")
    ),
    Reason.PHASE_UNCHANGED: Explanation(
        "已处于阶段 {a}", "the method already is in phase {a}", ("phase", "")
    ),
    Reason.DATE_CLOSED: Explanation("该日已定为休市", "the market is closed on that date"),
    Reason.CLOSURE_UNKNOWN: Explanation("该日没有休市安排", "no closure stands for that date"),
    Reason.DATE_INVALID: Explanation("历法上没有该日", "no calendar has that date"),
    Reason.POSITION_LIMIT_EXCEEDED: Explanation(
        "持仓将达 {b} 吨, 超过上限 {a} 吨",
        "the holding would reach {b} t, the limit is {a} t",
        ("t", "t"),
    ),
    Reason.PROCEEDS_USED: Explanation(
        "卖方可用资金 {a} 元, 不足以退回 {b} 元",
        "the seller has {a} yuan left of the {b} to give back",
        ("fen", "fen"),
    ),
    Reason.TRADE_ALREADY_VOIDED: Explanation(
        "成交 {a} 已作废", "trade {a} is already voided", ("number", "")
    ),
    Reason.EARLIER_LISTING_EXISTS: Explanation(
        "同价位有更早的挂牌 {a}, 须先摘取",
        "listing {a} stands earlier at that price; pick it first",
        ("number", ""),
    ),
    Reason.LEVEL_TOO_DEEP: Explanation(
        "只能摘取最优 {b} 个价位, 最远为 {a}",
        "only the best {b} levels can be picked, down to {a}",
        ("fen", "number"),
    ),
    Reason.NOTHING_TO_TAKE: Explanation(
        "限价以内没有可摘取的挂牌", "nothing can be taken inside the limit price"
    ),
    Reason.REDUCTION_NOT_LESS: Explanation(
        "只剩 {a} 吨, 减量须小于该数; 全部撤回请撤单",
        "only {a} t are left; take back less, or cancel the order",
        ("t", ""),
    ),
    Reason.OFFER_IN_NEGOTIATION: Explanation(
        "报价 {a} 正在洽谈, 不能直接接受",
        "offer {a} is in negotiation and cannot be accepted as it stands",
        ("number", ""),
    ),
    Reason.NEGOTIATION_UNKNOWN: Explanation(
        "报价 {a} 与 {b} 没有洽谈", "no negotiation on offer {a} with {b}", ("number", "number")
    ),
    Reason.TERMS_DIFFER: Explanation(
        "条款已变更, 请重新查看", "the terms have changed; look at them again"
    ),
    Reason.ALREADY_CONFIRMED: Explanation("本方已确认", "your side has already confirmed"),
    Reason.GROUP_UNKNOWN: Explanation("没有该群组", "no such group"),
    Reason.AUCTION_UNKNOWN: Explanation(
        "没有竞价场次 {a}", "auction {a} is unknown", ("number", "")
    ),
    Reason.AUCTION_NOT_APPLIED: Explanation(
        "竞价场次 {a} 不在申请状态", "auction {a} does not wait for a decision", ("number", "")
    ),
    Reason.AUCTION_NOT_OPEN: Explanation(
        "竞价场次 {a} 不在报价时间内, 开始于 {b}",
        "auction {a} takes no bids now; its window begins at {b}",
        ("number", "time_ns"),
    ),
    Reason.AUCTION_ANNOUNCED: Explanation(
        "竞价场次 {a} 已公告, 不能撤回", "auction {a} is announced and binds", ("number", "")
    ),
    Reason.AUCTION_WINDOW_INVALID: Explanation(
        "竞价时间须在当日同一竞价时段内且尚未开始",
        "the window must lie ahead, inside one auction session of the day",
    ),
    Reason.OWN_AUCTION: Explanation(
        "不能参与本方的竞价 {a}", "auction {a} is your own", ("number", "")
    ),
    Reason.BID_IRREVOCABLE: Explanation(
        "竞价申报 {a} 不可撤回", "bid {a} cannot be withdrawn", ("number", "")
    ),
    Reason.BIDDER_SHARE_EXCEEDED: Explanation(
        "本场申报合计 {b} 吨, 超过单一主体上限 {a} 吨",
        "your bids would sum to {b} t, the limit of one bidder is {a} t",
        ("t", "t"),
    ),
    Reason.GROUPS_FULL: Explanation(
        "群组已达上限 {a}", "the limit of {a} groups is reached", ("number", "")
    ),
    Reason.NEGOTIATIONS_FULL: Explanation(
        "洽谈已达上限 {a}", "the limit of {a} negotiations is reached", ("number", "")
    ),
    Reason.ROUNDS_FULL: Explanation(
        "洽谈已达 {a} 轮上限", "the limit of {a} rounds is reached", ("number", "")
    ),
    Reason.AUCTIONS_FULL: Explanation(
        "当日竞价已达上限 {a}", "the day's limit of {a} auctions is reached", ("number", "")
    ),
    Reason.BIDS_FULL: Explanation(
        "该场申报已达上限 {a}", "the limit of {a} bids is reached", ("number", "")
    ),
    Reason.HALTS_FULL: Explanation("暂停已达上限 {a}", "{a} halts already stand", ("number", "")),
    Reason.CLOSURES_FULL: Explanation(
        "休市安排已达上限 {a}", "the limit of {a} closures is reached", ("number", "")
    ),
    Reason.NOTICES_FULL: Explanation(
        "当日公告已达上限 {a}", "the day's limit of {a} notices is reached", ("number", "")
    ),
    Reason.SWITCHES_FULL: Explanation(
        "断线保护已达上限 {a}", "{a} dead man's switches are already armed", ("number", "")
    ),
}

_SENDER = (
    Reason.KEY_UNKNOWN,
    Reason.KEY_REVOKED,
    Reason.KEY_EXPIRED,
    Reason.ROLE_NOT_PERMITTED,
    Reason.CLIENT_ORDER_REUSED,
)
_MAY_ACT = (
    Reason.ORDERS_FULL,
    Reason.NOT_OFFERED,
    Reason.PHASE_CLOSED,
    Reason.HALTED,
    Reason.PARTICIPANT_REMOVED,
    Reason.PARTICIPANT_SUSPENDED,
    Reason.TRADING_STOPPED,
    Reason.BUYING_RESTRICTED,
    Reason.SELLING_RESTRICTED,
)
_PRODUCT = (
    Reason.PRODUCT_UNKNOWN,
    Reason.PRODUCT_NOT_LISTED,
    Reason.REFERENCE_PRICE_MISSING,
    Reason.HALTED,
)
_PRICE = (Reason.PRICE_OFF_TICK, Reason.PRICE_OUTSIDE_BAND)
_QUANTITY = (
    Reason.QUANTITY_OFF_LOT,
    Reason.QUANTITY_BELOW_MINIMUM,
    Reason.QUANTITY_ABOVE_MAXIMUM,
    Reason.OWN_LIMIT,
)
_MEANS = (
    Reason.POSITION_LIMIT_EXCEEDED,
    Reason.CASH_NOT_AVAILABLE,
    Reason.HOLDING_NOT_AVAILABLE,
)
_STANDING = (Reason.ORDER_UNKNOWN, Reason.ORDER_NOT_OPEN)

PRECEDENCE: Final[dict[str, tuple[Reason, ...]]] = {
    "PlaceListing": (*_SENDER, *_MAY_ACT, *_PRODUCT, *_PRICE, *_QUANTITY, *_MEANS),
    "PickListing": (
        *_SENDER,
        *_MAY_ACT,
        *_STANDING,
        Reason.HALTED,
        Reason.OWN_LISTING,
        Reason.BETTER_LEVEL_EXISTS,
        Reason.LEVEL_TOO_DEEP,
        Reason.EARLIER_LISTING_EXISTS,
        Reason.QUANTITY_OFF_LOT,
        Reason.OWN_LIMIT,
        Reason.LISTING_QUANTITY_NOT_AVAILABLE,
        *_MEANS,
    ),
    "TakeListings": (
        *_SENDER,
        *_MAY_ACT,
        *_PRODUCT,
        *_PRICE,
        *_QUANTITY,
        Reason.NOTHING_TO_TAKE,
        *_MEANS,
    ),
    "OfferBlock": (
        *_SENDER,
        *_MAY_ACT,
        *_PRODUCT,
        Reason.COUNTERPARTY_UNKNOWN,
        Reason.OWN_COUNTERPARTY,
        *_PRICE,
        *_QUANTITY,
        *_MEANS,
    ),
    "OfferBlockToGroup": (
        *_SENDER,
        *_MAY_ACT,
        *_PRODUCT,
        Reason.GROUP_UNKNOWN,
        *_PRICE,
        *_QUANTITY,
        *_MEANS,
    ),
    "AcceptBlock": (
        *_SENDER,
        *_MAY_ACT,
        *_STANDING,
        Reason.HALTED,
        Reason.NOT_OFFER_COUNTERPARTY,
        Reason.OFFER_IN_NEGOTIATION,
        Reason.OWN_LIMIT,
        *_MEANS,
    ),
    "CounterBlock": (
        *_SENDER,
        *_MAY_ACT,
        *_STANDING,
        Reason.HALTED,
        Reason.NOT_OFFER_COUNTERPARTY,
        Reason.NEGOTIATION_UNKNOWN,
        Reason.NEGOTIATIONS_FULL,
        Reason.ROUNDS_FULL,
        *_PRICE,
        *_QUANTITY,
        *_MEANS,
    ),
    "ConfirmBlock": (
        *_SENDER,
        *_MAY_ACT,
        *_STANDING,
        Reason.HALTED,
        Reason.NOT_OFFER_COUNTERPARTY,
        Reason.NEGOTIATION_UNKNOWN,
        Reason.TERMS_DIFFER,
        Reason.ALREADY_CONFIRMED,
        Reason.PRICE_OUTSIDE_BAND,
        Reason.OWN_LIMIT,
        *_MEANS,
    ),
    "RefuseBlock": (
        *_SENDER,
        Reason.ORDERS_FULL,
        Reason.PHASE_CLOSED,
        *_STANDING,
        Reason.NOT_OFFER_COUNTERPARTY,
        Reason.NEGOTIATION_UNKNOWN,
    ),
    "ApplyAuction": (
        *_SENDER,
        *_MAY_ACT,
        *_PRODUCT,
        *_QUANTITY,
        Reason.AUCTION_WINDOW_INVALID,
        Reason.AUCTIONS_FULL,
        Reason.HOLDING_NOT_AVAILABLE,
    ),
    "PlaceBid": (
        *_SENDER,
        *_MAY_ACT,
        Reason.AUCTION_UNKNOWN,
        Reason.AUCTION_NOT_OPEN,
        Reason.HALTED,
        Reason.OWN_AUCTION,
        *_PRICE,
        *_QUANTITY,
        Reason.BIDDER_SHARE_EXCEEDED,
        Reason.BIDS_FULL,
        Reason.POSITION_LIMIT_EXCEEDED,
        Reason.CASH_NOT_AVAILABLE,
    ),
    "ReduceOrder": (
        *_SENDER,
        Reason.ORDERS_FULL,
        Reason.NOT_OFFERED,
        Reason.PHASE_CLOSED,
        Reason.ORDER_UNKNOWN,
        Reason.NOT_ORDER_OWNER,
        Reason.ORDER_NOT_OPEN,
        Reason.QUANTITY_OFF_LOT,
        Reason.REDUCTION_NOT_LESS,
    ),
    "CancelOrder": (
        *_SENDER,
        Reason.PHASE_CLOSED,
        Reason.ORDER_UNKNOWN,
        Reason.NOT_ORDER_OWNER,
        Reason.ORDER_NOT_OPEN,
        Reason.AUCTION_ANNOUNCED,
        Reason.BID_IRREVOCABLE,
    ),
    "PlaceListings": (*_SENDER, *_MAY_ACT, *_PRODUCT, *_PRICE, *_QUANTITY, *_MEANS),
    "CancelOrders": (
        *_SENDER,
        Reason.PHASE_CLOSED,
        Reason.ORDER_UNKNOWN,
        Reason.NOT_ORDER_OWNER,
        Reason.ORDER_NOT_OPEN,
        Reason.AUCTION_ANNOUNCED,
        Reason.BID_IRREVOCABLE,
    ),
    "CancelAll": (*_SENDER, Reason.PRODUCT_UNKNOWN),
    "ArmSwitch": (*_SENDER, Reason.DAY_NOT_OPEN, Reason.SWITCHES_FULL),
}
"""Reasons of each order command in the order in which they are checked.

Of a batch the sender, all its numbers and the room for all of it come first; then one item after the other
is asked for the rest, and the first that breaks a rule names its place.

The first HALTED is a halt of the market, the method or the participant, the second one of the product.
A pick or an acceptance is on the other side than the order it names; where it names none that was
accepted today, no side is restricted."""
