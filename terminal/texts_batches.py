"""Words of batches, dead man's switches and notices of the exchange, in Chinese and English."""

from typing import Final

BATCHES: Final[dict[str, tuple[str, str]]] = {
    "told_removed_owner": (
        "交易主体退出市场,系统撤单 {order}: {product} {quantity} 吨",
        "Order {order} cancelled with its owner's removal: {product} {quantity} t",
    ),
    "told_stopped_owner": (
        "本方停止交易,系统撤单 {order}: {product} {quantity} 吨",
        "Order {order} cancelled with the stop of own trading: {product} {quantity} t",
    ),
    "told_disconnected": (
        "连接中断,系统撤单 {order}: {product} {quantity} 吨",
        "Connection lost, order {order} cancelled: {product} {quantity} t",
    ),
    "told_switch_order": (
        "断线保护触发,系统撤单 {order}: {product} {quantity} 吨",
        "Dead man's switch, order {order} cancelled: {product} {quantity} t",
    ),
    "told_all_cancelled": (
        "全部撤单: 已撤 {cancelled} 笔,保留 {kept} 笔",
        "All orders: {cancelled} cancelled, {kept} kept",
    ),
    "told_armed": ("断线保护将于 {deadline} 触发", "The dead man's switch fires at {deadline}"),
    "told_paused": (
        "断线保护 {timeout} 秒,暂停期间不计时",
        "The dead man's switch of {timeout} s waits for the end of the halt",
    ),
    "told_disarmed": ("断线保护已解除", "The dead man's switch is disarmed"),
    "told_fired": (
        "断线保护已触发: 撤单 {cancelled} 笔,保留 {kept} 笔",
        "The dead man's switch fired: {cancelled} cancelled, {kept} kept",
    ),
    "told_notice": ("公告 {notice}: {text}", "Notice {notice}: {text}"),
    "state_cancels": ("只收撤单: {reason}", "cancels only: {reason}"),
    "state_nothing": ("暂不受理: {reason}", "nothing is taken: {reason}"),
    "state_overload": ("系统繁忙", "overload"),
    "state_disk_low": ("存储不足", "disk is low"),
    "state_disk_full": ("存储已满", "disk is full"),
    "state_shutdown": ("系统停机", "shutting down"),
    "ticket_barred": (
        "{status}\n现在不能发出申报,撤单不受影响;恢复后即可发出。",
        "{status}\nNothing can be sent now; orders can be taken back. Send when this ends.",
    ),
    "ticket_barred_all": (
        "{status}\n现在什么都不能发出;恢复后即可发出。",
        "{status}\nNothing at all can be sent now. Send when this ends.",
    ),
    "notice_line": ("公告 {notice} {time}  {text}", "Notice {notice} {time}  {text}"),
    "help_notices": ("今日公告", "Notices of the exchange today"),
    "help_notices_none": ("今日没有公告", "no notices today"),
    "key_cancel_all": ("全部撤单", "Cancel all"),
    "cancel_all_text": (
        "撤回本企业未成交的委托: 全部,或某一产品、某一方向的。不可撤的申报(如竞价)将保留。",
        "Takes back the company's open orders: all, or of a product or side. What binds stays.",
    ),
    "hint_all": ("空 = 全部, 或 {choices}", "all, or {choices}"),
    "cancel_all_sum": ("将撤回 {count} 笔:", "takes back orders: {count}"),
    "cancel_all_line": (
        "{order}  {side} {product} {price} × {left} 吨",
        "{order}  {side} {product} {price} × {left} t",
    ),
    "cancel_all_none": (
        "没有符合的未成交委托,请改产品或方向",
        "no open orders of that product and side",
    ),
    "cancel_all_nothing": ("没有未成交的委托", "there are no open orders"),
    "own_not_permitted": ("本密钥无此权限", "this key may not do that"),
    "key_stop": ("停止本方交易", "Stop own trading"),
    "about_key_stop": (
        "立即撤回全部委托,不再申报",
        "takes back all orders at once, nothing new",
    ),
    "stop_text": (
        "立即生效: 撤回本企业全部委托,停止一切新申报,\n直到另一人恢复交易。",
        "At once: all orders of the company are taken back, and\nnothing new is taken until another person allows it.",
    ),
    "stop_sum": (
        "将停止本企业交易,撤回 {count} 笔未成交委托",
        "stops the company's trading and takes back {count} open orders",
    ),
    "key_allow": ("恢复本方交易", "Allow own trading"),
    "about_key_allow": (
        "须由停止交易者以外的另一人操作",
        "by another person than who stopped it",
    ),
    "allow_text": (
        "恢复本企业的交易。已撤回的委托不会恢复。",
        "Lets the company trade again; orders that were taken back stay so.",
    ),
    "allow_sum": ("将恢复本企业交易", "lets the company trade again"),
}
"""In every text the same names in braces in both languages."""
