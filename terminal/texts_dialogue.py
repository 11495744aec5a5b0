"""Words of auctions, blocks in talk, halts and the operators' measures; Chinese and English."""

from typing import Final

DIALOGUE: Final[dict[str, tuple[str, str]]] = {
    # ------------------------------------------------------------ frame
    "auction": ("竞价", "Auction"),
    "halted": ("暂停", "halted"),
    "state_halted": ("暂停交易", "halted"),
    # ------------------------------------------------------------ messages: orders
    "told_taken": (
        "按总量摘取 {order}: {side} {product} 成交 {quantity} 吨,余 {left} 吨未成交",
        "Taken {order}: {side} {product} {quantity} t, {left} t not taken",
    ),
    "told_reduced": (
        "已减量 {order}: {product} 撤回 {quantity} 吨,余 {left} 吨",
        "Reduced {order}: {product} by {quantity} t, {left} t stay",
    ),
    "told_own_met": (
        "遇本方挂牌,委托 {order} 余量撤销: {product} {quantity} 吨",
        "Rest of {order} cancelled, it met your own listing: {product} {quantity} t",
    ),
    "told_fills_limit": (
        "成交笔数达上限,委托 {order} 余量撤销: {product} {quantity} 吨",
        "Rest of {order} cancelled after the most trades at once: {product} {quantity} t",
    ),
    "told_out_of_band": (
        "超出更正后的价格区间,系统撤单 {order}: {product} {quantity} 吨",
        "Order {order} is outside the corrected band and cancelled: {product} {quantity} t",
    ),
    "told_talk_over": (
        "洽谈结束,系统撤单 {order}: {product} {quantity} 吨",
        "Order {order} ended with its negotiation: {product} {quantity} t",
    ),
    "told_auction_rest": (
        "竞价未成交部分撤销 {order}: {product} {quantity} 吨",
        "Not taken by the auction {order}: {product} {quantity} t",
    ),
    # ------------------------------------------------------------ messages: blocks
    "told_group_set": ("群组 {group}: {count} 家", "Group {group}: {count} members"),
    "told_countered": (
        "{who} 议价 {offer} (第 {round} 轮): {product} {price} × {quantity} 吨",
        "{who} countered {offer} (round {round}): {product} {price} × {quantity} t",
    ),
    "told_confirmed": ("{who} 已确认 {offer} 的条款", "{who} confirmed the terms of {offer}"),
    "told_talk_refused": ("{who} 已拒绝 {offer}", "{who} refused {offer}"),
    # ------------------------------------------------------------ messages: auctions
    "told_applied": (
        "竞价申请 {auction}: {product} {quantity} 吨,底价 {floor}",
        "Auction {auction} applied for: {product} {quantity} t, floor {floor}",
    ),
    "told_announced": (
        "竞价公告 {auction}: {product} {quantity} 吨,{begin}–{end}",
        "Auction {auction} announced: {product} {quantity} t, {begin}–{end}",
    ),
    "told_auction_refused": (
        "竞价申请 {auction} 未获公告: {reason}",
        "Auction {auction} was not announced: {reason}",
    ),
    "told_bid": (
        "竞价申报 {order}: 场次 {auction} {price} × {quantity} 吨",
        "Bid {order} in auction {auction}: {price} × {quantity} t",
    ),
    "told_auction_sold": (
        "竞价 {auction} 结果: {product} 成交 {quantity} / {offered} 吨,{price}",
        "Auction {auction}: {product} {quantity} of {offered} t sold, {price}",
    ),
    "told_auction_failed": (
        "竞价 {auction} 流拍: {product} ({cause})",
        "Auction {auction} failed: {product} ({cause})",
    ),
    "price_own": ("各按申报价", "each at its bid"),
    "cause_0": ("--", "--"),
    "cause_1": ("无人报价", "no bids"),
    "cause_2": ("报价不足", "undersubscribed"),
    "cause_3": ("暂停交易", "halted"),
    "cause_4": ("收市", "day closed"),
    "cause_5": ("基准价更正", "reference corrected"),
    # ------------------------------------------------------------ messages: control
    "told_voided": (
        "成交 {trade} 作废: {product} {price} × {quantity} 吨 ({reason})",
        "Trade {trade} voided: {product} {price} × {quantity} t ({reason})",
    ),
    "told_corrected": (
        "{product} 基准价更正: {previous} → {price} ({reason})",
        "{product} reference corrected: {previous} → {price} ({reason})",
    ),
    "told_halted": ("暂停交易 {halt}: {what} ({reason})", "Halt {halt}: {what} ({reason})"),
    "told_resumed": ("恢复交易 {halt}: {what}", "Halt {halt} ended: {what}"),
    "told_closure": ("{date} 休市 ({reason})", "Closed on {date} ({reason})"),
    "told_reopened": ("{date} 恢复为交易日", "{date} is a trading day again"),
    "told_allowance": (
        "{participant} 持仓限额加宽 {quantity} 吨",
        "{participant}: position limit widened by {quantity} t",
    ),
    "scope_market": ("全市场", "the market"),
    # ------------------------------------------------------------ proposed actions in words
    "action_allowance": (
        "持仓限额加宽 {participant} {quantity} 吨",
        "widen the limit of {participant} by {quantity} t",
    ),
    "action_correct": (
        "更正基准价 {product} {price} ({reason})",
        "correct the reference of {product} to {price} ({reason})",
    ),
    "action_void": ("作废成交 {trade} ({reason})", "void trade {trade} ({reason})"),
    "action_phase_open": ("手动开市: {method}", "open by hand: {method}"),
    "action_phase_break": ("手动休市: {method}", "break by hand: {method}"),
    "action_close": ("提前收市 ({reason})", "close the day early ({reason})"),
    "action_closure": ("{date} 休市 ({reason})", "close the market on {date} ({reason})"),
    "action_reopen": ("取消休市 {date}", "take back the closure of {date}"),
    "action_announce": (
        "公告竞价 {auction}: {begin}–{end}",
        "announce auction {auction}: {begin}–{end}",
    ),
    "action_refuse_auction": (
        "不予公告竞价 {auction} ({reason})",
        "refuse auction {auction} ({reason})",
    ),
}
