"""Words of every screen: frame, keys, login, messages, help; Chinese and English."""

from typing import Final

FRAME: Final[dict[str, tuple[str, str]]] = {
    # ------------------------------------------------------------ frame
    "app_title": ("碳配额交易", "Carbon terminal"),
    "badge": ("演示/仿真", "SIMULATION"),
    "independent": (
        "独立项目,与真实的交易所、注册登记系统和主管部门没有关系",
        "Independent project, without connection to the real exchange, registry or ministry",
    ),
    "too_small": ("窗口太小 (需要 80×24)", "window too small (80×24 needed)"),
    "left_1": ("距开市", "opens in"),
    "left_2": ("本节剩余", "ends in"),
    "left_3": ("距开市", "opens in"),
    "not_today": ("今日不再变更", "not today"),
    "state_live": ("实时", "live"),
    "state_late": ("延迟 {seconds} 秒", "late {seconds} s"),
    "state_stale": ("行情陈旧 {seconds} 秒", "stale {seconds} s"),
    "state_connecting": ("连接中", "connecting"),
    "state_reconnecting": ("重连中", "reconnecting"),
    "state_closed": ("已断开", "disconnected"),
    "banner_lost": (
        "连接断开,正在重连;画面是断开前的,暂不能申报",
        "Connection lost, reconnecting; the picture is old, nothing can be sent",
    ),
    "banner_closed": (
        "连接已断开且不再重试;按 Ctrl+Q 退出,再重新登录查看委托",
        "Disconnected for good; leave with Ctrl+Q, log in again and look at your orders",
    ),
    "banner_unknown": (
        "{count} 笔申报结果待确认,重连后自动查询;请勿重复申报",
        "{count} order(s) with unknown outcome, asked for after reconnecting; do not send again",
    ),
    "no_message": ("暂无消息", "No messages"),
    "esc_clears": ("Esc 已读", "Esc = read"),
    # ------------------------------------------------------------ the keys of footer and palette
    "key_help": ("帮助", "Help"),
    "key_buy": ("买入", "Buy"),
    "key_sell": ("卖出", "Sell"),
    "key_orders": ("委托", "Orders"),
    "key_market": ("行情", "Market"),
    "key_account": ("账户", "Account"),
    "key_phases": ("阶段", "Phases"),
    "key_approvals": ("复核", "Approvals"),
    "key_reference": ("基准价", "Reference"),
    "key_admission": ("准入", "Admission"),
    "key_language": ("English", "中文"),
    "key_colour": ("涨跌颜色", "Colours"),
    "key_palette": ("命令", "Commands"),
    "quit_hint": ("按 Ctrl+Q 退出", "Ctrl+Q leaves the terminal"),
    "key_quit": ("退出", "Quit"),
    "key_cancel": ("撤单", "Cancel order"),
    "key_open": ("打开", "Open"),
    "key_back": ("已读、返回", "Read, back"),
    "key_next": ("下一栏", "Next field or list"),
    "key_next_product": ("换产品", "Product"),
    "key_propose": ("提交提议", "Propose"),
    "key_reject": ("拒绝", "Reject"),
    "palette_placeholder": ("输入命令…", "Type a command…"),
    "about_colour": (
        "红涨绿跌 / 绿涨红跌 / 蓝橙",
        "red up / green up / blue and orange",
    ),
    # ------------------------------------------------------------ login
    "login_badge": ("演示/仿真 · SIMULATION", "SIMULATION · 演示/仿真"),
    "login_server": ("服务器地址", "Server"),
    "login_key": ("密钥文件", "Key file"),
    "login_passphrase": ("密钥口令", "Passphrase"),
    "login_passphrase_none": ("没有口令则留空", "empty where the key has none"),
    "login_passphrase_needed": (
        "密钥文件有口令: 请输入正确的口令",
        "The key file is locked: type its passphrase",
    ),
    "login_code": ("开通码", "Code"),
    "login_code_none": ("仅首次登记密钥时填写", "only the first time, to enrol the key"),
    "login_code_wrong": (
        "开通码有误 (第 {group} 组), 请核对",
        "The code has a typing error (group {group})",
    ),
    "login_code_bad": ("这不是完整的开通码, 请核对", "This is no whole code; check it"),
    "login_enrolled": ("密钥已登记, 正在登录…", "The key is enrolled; logging in…"),
    "login_keys": (
        "Enter 登录   Tab 换栏   Ctrl+T English   Ctrl+Q 退出",
        "Enter log in   Tab next field   Ctrl+T 中文   Ctrl+Q quit",
    ),
    "login_help": (
        "填写服务器地址和密钥文件,按 Enter 登录。密钥只留在本机,发出的只有签名。",
        "Type the server and your key file, then Enter. The key stays here; only a signature is sent.",
    ),
    "login_wait": ("正在连接…", "Connecting…"),
    "login_failed": ("未能登录: {reason}", "Not logged in: {reason}"),
    "login_no_role": (
        "该密钥的角色是 {role},终端只供企业人员和运营员使用",
        "This key is for the role {role}; the terminal serves companies and operators",
    ),
    # ------------------------------------------------------------ messages
    "told_placed": (
        "已申报 {order}: {side} {product} {price} × {quantity} 吨",
        "Accepted {order}: {side} {product} {price} × {quantity} t",
    ),
    "told_traded": (
        "成交 {trade}: {side} {product} {price} × {quantity} 吨",
        "Traded {trade}: {side} {product} {price} × {quantity} t",
    ),
    "told_cancelled": (
        "已撤单 {order}: {product} 撤回 {quantity} 吨",
        "Cancelled {order}: {product}, {quantity} t taken back",
    ),
    "told_lapsed": (
        "收市自动撤销 {order}: {product} {quantity} 吨",
        "Lapsed at the close {order}: {product}, {quantity} t",
    ),
    "told_suspended_order": (
        "因暂停交易,系统撤单 {order}: {product} {quantity} 吨",
        "Order {order} cancelled by a suspension: {product} {quantity} t",
    ),
    "told_restricted": ("{participant} 交易限制: {restriction}", "{participant}: {restriction}"),
    "told_refused": ("拒绝: {reason}", "Refused: {reason}"),
    "told_refused_action": ("第 {row} 项被拒绝: {reason}", "Action {row} refused: {reason}"),
    "told_rejected": ("未受理: {reason}", "Not taken up: {reason}"),
    "told_not_sent": ("未发出,可重试: {reason}", "Not sent, may be tried again: {reason}"),
    "told_unknown": (
        "结果待确认: {reason}。恢复连接后自动查询,请勿重复申报",
        "Outcome unknown: {reason}. It is asked for after reconnecting; do not send again",
    ),
    "told_never": (
        "查明: 该申报未被受理,可以重新申报",
        "Resolved: it was never taken up; send again",
    ),
    "told_proposed": (
        "提议 {proposal} 已提交,等另一人复核",
        "Proposal {proposal} waits for another person",
    ),
    "told_approved": (
        "提议 {proposal} 已由 {person} 复核通过",
        "Proposal {proposal} approved by {person}",
    ),
    "told_proposal_rejected": (
        "提议 {proposal} 被 {person} 拒绝: {reason}",
        "Proposal {proposal} rejected by {person}: {reason}",
    ),
    "told_reference": ("{product} 基准价 {price}", "{product} reference price {price}"),
    "told_admitted": ("{participant} {name} 已准入", "{participant} {name} admitted"),
    "told_phase": ("{method} {phase}", "{method}: {phase}"),
    "told_day": ("交易日 {date} 开始", "Trading day {date} begins"),
    "told_closed": (
        "{date} 收市: 挂牌 {listed}、大宗 {block}、竞价 {auction} 吨",
        "{date} has closed: listed {listed}, block {block}, auction {auction} t",
    ),
    "told_lost": ("连接断开", "Connection lost"),
    "told_ended": ("连接已断开: {reason}", "Disconnected: {reason}"),
    "told_back": ("连接已恢复", "Connection restored"),
    "told_deposit": ("入金 {amount} 元", "Deposit of {amount} yuan"),
    "told_transfer": ("转入 {product} {quantity} 吨", "Transfer in: {product} {quantity} t"),
    "told_withdrawal": ("出金 {amount} 元", "Withdrawal of {amount} yuan"),
    "told_transfer_out": (
        "转出 {product} {quantity} 吨",
        "Transfer out: {product} {quantity} t",
    ),
    "told_frozen": (
        "{participant} {product} {quantity} 吨已冻结 ({document})",
        "{participant} {product}: {quantity} t frozen ({document})",
    ),
    "told_released": (
        "{participant} {product} {quantity} 吨已解冻 ({document})",
        "{participant} {product}: {quantity} t released ({document})",
    ),
    "told_settled": ("成交 {trade} 已交收", "Trade {trade} settled"),
    "told_failed": ("成交 {trade} 交收失败: {reason}", "Trade {trade} failed to settle: {reason}"),
    "not_connected": ("未连接,未发出", "not connected; nothing was sent"),
    # ------------------------------------------------------------ help and crash
    "help_title": ("帮助", "Help"),
    "help_keys": ("本画面的按键", "Keys of this screen"),
    "help_glossary": ("名词", "Glossary"),
    "help_close": ("Esc 关闭", "Esc closes"),
    "crash": (
        "终端出错,已退出。详情见 {path}。挂牌仍在市场。",
        "The terminal has failed and left. Details are in {path}. Your listings still stand.",
    ),
}
