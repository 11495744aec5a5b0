"""Words of keys, enrolment codes, removals and the stop of own trading, in Chinese and English."""

from typing import Final

ACCESS: Final[dict[str, tuple[str, str]]] = {
    "told_key_enrolled": (
        "新密钥 {key} 已登记: {person} ({role})",
        "New key {key} is enrolled: {person} ({role})",
    ),
    "told_key_revoked": (
        "密钥 {key} 已由 {person} 吊销: {reason}",
        "Key {key} was revoked by {person}: {reason}",
    ),
    "told_key_expired": ("密钥 {key} 已过有效期", "Key {key} is past its last day"),
    "told_key_ends": (
        "本密钥再过 {reason} 天到期,请及时轮换 (ceax keys rotate) 或请管理员登记新密钥",
        "This key ends in {reason} days: follow it by another in time (ceax keys rotate)",
    ),
    "told_own_limit": (
        "密钥 {key} 单笔委托上限由 {person} 定为 {quantity} 吨: {reason}",
        "{person} limited an order of key {key} to {quantity} t: {reason}",
    ),
    "told_no_own_limit": (
        "密钥 {key} 单笔委托不再限量, 由 {person} 解除: {reason}",
        "{person} lifted the own limit of key {key}: {reason}",
    ),
    "told_code": (
        "第 {code} 号开通码已发给 {person} ({role})",
        "Enrolment code {code} is issued for {person} ({role})",
    ),
    "told_removed": (
        "{participant} 已被移出市场: {reason}",
        "{participant} is removed from the market: {reason}",
    ),
    "told_restored": (
        "{participant} 已恢复交易资格 ({year} 年度)",
        "{participant} takes part again (compliance year {year})",
    ),
    "told_stopped": (
        "{participant} 由 {person} 停止交易: {reason}",
        "{person} stopped the trading of {participant}: {reason}",
    ),
    "told_allowed": (
        "{participant} 由 {person} 恢复交易: {reason}",
        "{person} allowed the trading of {participant} again: {reason}",
    ),
    "told_access": (
        "接入记录 {kind}: {person} {address} {code} ×{count}",
        "Access {kind}: {person} {address} {code} ×{count}",
    ),
    "told_restart": ("交易系统已重新启动", "The exchange has started again"),
    "access_login": ("登录", "login"),
    "access_login_refused": ("登录被拒", "login refused"),
    "access_logout": ("退出", "logout"),
    "access_enrol_refused": ("开通被拒", "enrolment refused"),
    "access_cut": ("被断开", "cut"),
    "measure_notice": ("发布公告", "Publish a notice"),
    "measure_remove": ("移出交易主体", "Remove a participant"),
    "measure_restore": ("恢复交易资格", "Let one take part again"),
    "notice_zh": ("中文公告", "Chinese"),
    "notice_en": ("英文公告", "English"),
    "compliance_year": ("履约年度", "Year"),
    "code_person": ("姓名", "Person"),
    "key_number": ("编号", "No."),
    "role": ("角色", "Role"),
    "permissions": ("权限", "May do"),
    "addresses": ("网络地址", "Addresses"),
    "valid_until": ("有效至", "Last day"),
    "days_left": ("剩余", "Days"),
    "lost": ("断线撤单", "When lost"),
    "hint_any": ("空 = 不限; 如 192.0.2.0/24", "empty = any; such as 192.0.2.0/24"),
    "hint_until": ("空 = 长期; 如 2026-12-31", "empty = open; such as 2026-12-31"),
    # ------------------------------------------------------------ the screen of keys
    "key_keys": ("密钥", "Keys"),
    "key_codes": ("码/密钥", "Codes/keys"),
    "key_issue": ("发开通码", "New code"),
    "key_approve": ("复核", "Approve"),
    "key_end": ("吊销", "Revoke"),
    "key_revoke": ("吊销密钥", "Revoke a key"),
    "key_filter": ("筛选", "Filter"),
    "filter_hint": (
        "姓名、角色、状态、编号或公钥,可填多个; Esc 清除",
        "person, role, state, number, public key; all match; Esc clears",
    ),
    "keys_title": ("密钥 (有效 {active} / 共 {count})", "Keys ({active} active of {count})"),
    "keys_cut": ("只列前 {count} 个,请筛选", "the first {count} only: use the filter"),
    "keys_to_codes": ("Space 看开通码: 待使用 {waiting}", "Space: codes, {waiting} waiting"),
    "codes_title": (
        "开通码 (待使用 {waiting} / 共 {count})",
        "Enrolment codes ({waiting} waiting of {count})",
    ),
    "codes_to_keys": ("Space 回密钥", "Space: keys"),
    "codes_none": (
        "没有开通码。Ins 发一个;另一人复核后,本人在登录画面或用 ceax keys enrol 凭码登记自己的密钥。",
        "No codes. Ins proposes one; approved, its person enrols a key with it: at the login, or by ceax keys enrol.",
    ),
    "codes_unmatched": (
        "没有符合筛选的开通码。Esc 清除筛选。",
        "No code matches. Esc clears the filter.",
    ),
    "codes_help": (
        "开通码不能收回,到期自动失效;被冒用时吊销用它登记的密钥。Space 回密钥。",
        "A code ends by itself, none is taken back; revoke what was wrongly claimed",
    ),
    "codes_hold": (
        "开通码不能收回,到期自动失效;已使用的,吊销它登记的密钥",
        "unclaimed, a code ends by itself; claimed, revoke its key",
    ),
    "code_until": ("使用期限", "Claim until"),
    "code_key": ("密钥", "Key"),
    "code_detail": (
        "开通码 {code} {person}  {time} 发放",
        "Code {code} {person}  issued {time}",
    ),
    "code_claimed": ("已登记为密钥 {key}", "claimed: key {key}"),
    "keys_wait": ("正在读取…", "Reading…"),
    "keys_none": (
        "没有符合筛选的密钥。Esc 清除筛选,Ins 为新密钥发放开通码。",
        "No key matches. Esc clears the filter, Ins issues a code for a new key.",
    ),
    "keys_not_yours": (
        "本密钥的角色是{role},不能管理密钥:由本企业的管理员或交易所运营员办理。",
        "This key is of a {role}: administrators of the company, or operators, manage keys.",
    ),
    "keys_own": (
        "本人密钥 {key} 的有效期: {until},剩余天数 {days}。",
        "Your own is key {key}: last day {until}, days left {days}.",
    ),
    "keys_own_ways": (
        "自己的密钥可在命令行轮换 (ceax keys rotate) 或吊销 (ceax keys revoke {key})。",
        "At the shell you can follow it (ceax keys rotate) or end it (ceax keys revoke {key}).",
    ),
    "key_open_end": ("长期", "none"),
    "key_all": ("全部", "all"),
    "key_detail": (
        "密钥 {key} {person}  {time} 登记  公钥 {public}…",
        "Key {key} {person}  enrolled {time}  public key {public}…",
    ),
    "key_follows": ("接替密钥 {key}", "follows key {key}"),
    "key_by_code": ("开通码 {code}", "code {code}"),
    "key_free": (
        "角色内权限不限,任何地址,长期有效,断线不撤单",
        "all of its role, from anywhere, no last day, orders stay when lost",
    ),
    "key_line": (
        "密钥 {key}: {person} ({role}) {participant}",
        "Key {key}: {person} ({role}) {participant}",
    ),
    "keys_help": (
        "Ins 为新密钥发码;另一人复核: Tab, Enter (Del 拒绝);Del 立即吊销所选密钥。",
        "Ins: a new key's code; another person approves: Tab, Enter (Del rejects)",
    ),
    "keys_help_others": (
        "密钥由本企业管理员或运营员管理;这里只显示本人的密钥。",
        "Administrators and operators manage keys; this tells of your own",
    ),
    "keys_not_permitted": (
        "本密钥不能管理密钥:请本企业管理员或运营员办理",
        "this key may not manage keys: an administrator or operator does",
    ),
    "keys_ended": ("该密钥已经失效,无需吊销", "this key holds no more; nothing to revoke"),
    "keys_choose": (
        "先在列表中选一个密钥 (上下键;筛选过严时按 Esc)",
        "choose a key in the list first (arrows; Esc clears the filter)",
    ),
    "keys_choose_proposal": (
        "先用 Tab 到下方的提议表,选一项再按 Enter",
        "go to the proposals below with Tab, choose one, then Enter",
    ),
    "order_max_t": ("单笔上限/吨", "Order max t"),
    "key_limit": ("单笔上限", "Limit"),
    "key_limited": ("单笔至多 {quantity} 吨", "at most {quantity} t an order"),
    "limit_text": (
        "每笔新委托至多多少吨,立即生效;空 = 不限。已挂出的委托和撤单不受影响。",
        "Most tonnes of each new order, at once; empty = no limit. What stands stays, cancels too.",
    ),
    "limit_sum": (
        "{person} 的密钥 {key} 每笔新委托至多 {quantity} 吨",
        "limits each new order of key {key} of {person} to {quantity} t",
    ),
    "limit_none_sum": (
        "{person} 的密钥 {key} 单笔委托不再限量",
        "takes the limit of key {key} of {person} away",
    ),
    "keys_help_risk": (
        "F8 设定所选密钥的单笔上限;发码与吊销由本企业管理员或运营员办理。",
        "F8 limits the chosen key's orders; administrators issue and revoke keys",
    ),
    "revoke_text": (
        "立即且永久失效,其连接随即断开;它的委托仍在,除非条款约定断线撤单。",
        "Ends at once and for good, with its connections; orders stay unless its terms cancel them.",
    ),
    "revoke_own": (
        "这是正在使用的密钥:吊销后本终端即退出登录,不能再次登录。",
        "You are logged in with this key: the terminal ends with it, for good.",
    ),
    "revoke_last": (
        "这是该企业最后一个有效的管理员密钥:此后开通码只能由运营员发放。",
        "It is the company's last administrator: operators alone issue codes then.",
    ),
    "revoke_sum": (
        "立即吊销 {person} 的密钥 {key} 并断开其连接: {reason}",
        "revokes key {key} of {person} at once and ends its connections: {reason}",
    ),
    "code_once": (
        "开通码 {code}\n只显示这一次:请现在抄下,当面或电话告知本人。经另一位复核后使用,{hours}小时内有效。",
        "Code {code}\nShown this once: write it down, tell the person yourself. Approved, it holds {hours} h.",
    ),
}
"""In every text the same names in braces in both languages."""
