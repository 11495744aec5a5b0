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
    "action_notice": ("发布公告: {text}", "publish a notice: {text}"),
}
"""In every text the same names in braces in both languages."""
