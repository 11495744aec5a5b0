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
    # ------------------------------------------------------------ keys
    "key_control": ("管控", "Control"),
    "key_blocks": ("大宗", "Blocks"),
    "key_auctions": ("竞价", "Auctions"),
    "key_take": ("总量摘牌", "Take total"),
    "key_apply": ("申请竞价", "Apply"),
    "key_counter": ("议价", "Counter"),
    "key_offer": ("报价", "Offer"),
    "key_refuse": ("拒绝/撤回", "Refuse"),
    "key_take_back": ("撤回", "Take back"),
    # ------------------------------------------------------------ forms
    "form_keys": (
        "Enter 下一栏/检查   F8 发出   Esc 返回",
        "Enter next field, then check   F8 sends   Esc goes back",
    ),
    "form_wrong_fields": ("请更正:{fields}", "Not what is asked for: {fields}"),
    "form_wrong": ("有一栏填写有误", "One of the fields is not what it should be"),
    "limit_price": ("限价", "Limit"),
    "counterparty": ("对手方", "With"),
    "counter_words": ("附言", "Words"),
    "auction_floor": ("底价", "Floor"),
    "auction_mode": ("成交方式", "Mode"),
    "floor_previous_close": ("基准价", "reference"),
    "floor_lower_limit": ("下限", "lower"),
    "mode_uniform": ("统一价", "uniform"),
    "mode_pay_as_bid": ("申报价", "as bid"),
    "wished_begin": ("希望开始", "Wished from"),
    "wished_end": ("希望结束", "Wished to"),
    "window_begin": ("开始", "From"),
    "window_end": ("结束", "To"),
    "window_text": ("时间如 10:00,可不填", "Times such as 10:00, or empty"),
    # ------------------------------------------------------------ take a total
    "take_title": ("按总量摘牌 {product}", "Take a total of {product}"),
    "take_text": (
        "从最优价位起逐档摘取,不超过限价;摘不到的部分不留在市场。",
        "Level by level from the best, inside the limit; what is left does not rest.",
    ),
    "take_sum": (
        "摘取至多 {quantity} 吨,限价 {price};最多 {amount} 元",
        "Take up to {quantity} t, limit {price}; {amount} yuan at most",
    ),
    # ------------------------------------------------------------ auctions
    "auctions_title": ("单向竞价 ({count})", "Auctions ({count})"),
    "auctions_empty": ("今天没有竞价。按 F8 申请。", "No auctions today. F8 applies for one."),
    "auctions_help": (
        "↑↓ 选场次,Enter 报价,F8 申请竞价,Del 撤回申请。",
        "↑↓ an auction, Enter bids, F8 applies for one, Del takes it back",
    ),
    "auctions_help_operator": (
        "↑↓ 选申请,Enter 公告,Del 不予公告;由另一位复核 (F4)。",
        "↑↓ an application, Enter announces, Del refuses; another approves (F4)",
    ),
    "auction_number": ("场次", "No."),
    "window": ("时间", "Window"),
    "sold": ("成交", "Sold"),
    "state_auction_0": ("待公告", "applied"),
    "state_auction_1": ("已公告", "announce"),
    "state_auction_2": ("已成交", "sold"),
    "state_auction_3": ("流拍", "failed"),
    "state_auction_4": ("已结束", "ended"),
    "auction_not_open": ("这场竞价不接受报价", "this auction takes no bids"),
    "auction_decided": ("这场竞价不在申请状态", "this auction does not wait for a decision"),
    "bid_title": ("竞价 {auction}: {product}", "Bid in auction {auction}: {product}"),
    "bid_text": (
        "底价 {floor},上限 {cap};出售 {quantity} 吨;至 {end}",
        "floor {floor}, cap {cap}; {quantity} t offered; until {end}",
    ),
    "bid_sum": (
        "买入 {quantity} 吨,每吨 {price};锁定 {amount} 元",
        "Buy {quantity} t at {price}; {amount} yuan are locked",
    ),
    "apply_title": ("申请单向竞价", "Apply for an auction"),
    "apply_sum": (
        "申请竞价出售 {product} {quantity} 吨;配额随即锁定",
        "Sell {quantity} t of {product} by auction; they are locked at once",
    ),
    "announce_title": ("公告竞价 {auction}", "Announce auction {auction}"),
    "announce_text": (
        "{who} {product} {quantity} 吨,{floor} – {cap}",
        "{who} {product} {quantity} t, {floor} – {cap}",
    ),
    "announce_reason": ("竞价公告", "auction announcement"),
    "refuse_auction_title": ("不予公告竞价 {auction}", "Refuse auction {auction}"),
    # ------------------------------------------------------------ blocks in talk
    "talks_title": ("大宗洽谈 ({count})", "Blocks in talk ({count})"),
    "talks_empty": ("没有大宗报价。按 Ins 报价。", "No block offers. Ins offers one."),
    "blocks_help": (
        "↑↓ 选一笔,Enter 确认,F8 议价,Ins 报价,Del 拒绝或撤回。",
        "↑↓ a talk, Enter confirms, F8 counters, Ins offers, Del refuses",
    ),
    "round": ("轮次", "Round"),
    "talk_offered": ("等待对方", "offered"),
    "talk_asked": ("等待本方", "asked"),
    "talk_open": ("洽谈中", "in talk"),
    "talk_confirmed": ("本方已确认", "confirmed"),
    "talk_they_confirmed": ("对方已确认", "they confirm"),
    "talk_waits": ("等待对方答复", "this offer waits for the other side"),
    "confirm_title": ("确认 {offer} ({who})", "Confirm {offer} with {who}"),
    "confirm_text": (
        "{product} {price} × {quantity} 吨 = {amount} 元\n{words}",
        "{product} {price} × {quantity} t = {amount} yuan\n{words}",
    ),
    "confirm_price": ("输入价格以确认,Enter", "Type the price to confirm, Enter"),
    "counter_title": ("议价 {offer} ({who})", "Counter {offer} with {who}"),
    "counter_sum": (
        "新条款: {price} × {quantity} 吨 = {amount} 元",
        "New terms: {price} × {quantity} t = {amount} yuan",
    ),
    "offer_title": ("大宗定向报价", "Offer a block"),
    "offer_sum": (
        "报价 {price} × {quantity} 吨 = {amount} 元",
        "Offer {price} × {quantity} t = {amount} yuan",
    ),
    "refuse_title": ("结束洽谈?", "End this talk?"),
    "refuse_text": (
        "{offer}: {product} {price} × {quantity} 吨",
        "{offer}: {product} {price} × {quantity} t",
    ),
    "refuse_keys": ("Enter 结束   Esc 返回", "Enter ends it   Esc goes back"),
    # ------------------------------------------------------------ control
    "measures_title": ("管控措施", "Measures"),
    "halts_title": ("暂停中 ({count})", "Halts ({count})"),
    "halts_empty": ("没有暂停。", "Nothing is halted."),
    "control_help": (
        "↑↓ 选措施,Enter 填写;Tab 到暂停列表,Enter 恢复交易(须另一位)。",
        "↑↓ a measure, Enter fills it in; Tab to the halts, Enter ends one",
    ),
    "measure": ("措施", "Measure"),
    "measure_who": ("生效", "Takes effect"),
    "measure_at_once": ("立即生效", "at once"),
    "measure_by_two": ("另一位复核后生效 (F4)", "when another approves (F4)"),
    "measure_halt": ("暂停交易", "Halt"),
    "measure_void": ("作废成交", "Void a trade"),
    "measure_correct": ("更正基准价", "Correct a reference price"),
    "measure_restrict": ("交易限制", "Restrict a participant"),
    "measure_freeze": ("司法冻结", "Freeze by legal order"),
    "measure_release": ("解除冻结", "Release frozen allowances"),
    "measure_phase": ("手动开市/休市", "Open or break by hand"),
    "measure_close": ("提前收市", "Close the day early"),
    "measure_closure": ("安排休市", "Close a later date"),
    "measure_reopen": ("取消休市", "Take a closure back"),
    "measure_allowance": ("加宽持仓限额", "Widen a position limit"),
    "halt_number": ("编号", "No."),
    "scope": ("范围", "Scope"),
    "scope_target": ("对象", "Target"),
    "person": ("经办人", "Person"),
    "participant": ("主体", "Who"),
    "restriction": ("限制", "Restriction"),
    "document": ("文书号", "Document"),
    "date": ("日期", "Date"),
    "halt_sum": ("立即暂停: {what}", "Halt at once: {what}"),
    "resume_title": ("恢复交易 {halt}", "End halt {halt}"),
    "resume_text": ("{what};{person}: {reason}", "{what}; {person}: {reason}"),
    "resume_sum": ("恢复: {what}", "Resume: {what}"),
}
