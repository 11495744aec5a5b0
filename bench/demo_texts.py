"""Every sentence of the demo in Chinese and English, by name; `{}` fields are filled by the caller."""

from collections.abc import Mapping
from typing import Final

Language = str
"""`zh` or `en`."""

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # ---------------------------------------------------------------- parts
    "title": (
        "演示/仿真 · 全国碳市场首个交易日 {date},从开户到次日",
        "演示/simulation · the first day of the national carbon market, {date}, end to end",
    ),
    "disclaimer": (
        "独立项目,与真实的交易所、注册登记机构和主管部门无关;所有企业均为虚构",
        "an independent project, not the real exchange or registry; every company is invented",
    ),
    "part_setup": ("一、进程、开户与准入", "1  processes, accounts, admission"),
    "part_day": ("二、交易日 {date}", "2  the trading day {date}"),
    "part_close": ("三、收市、清算与交收", "3  close, clearing, settlement"),
    "part_next": ("四、下一交易日 {date} 周一", "4  the next trading day, Monday {date}"),
    "part_result": ("五、核对", "5  published and computed"),
    # ---------------------------------------------------------------- set-up
    "making_market": ("建立市场与新密钥", "making a market and new keys"),
    "market_made": (
        "市场:交易日历、全国市场规则、{keys} 把新密钥(权限 0600)",
        "market: calendar, national profile, {keys} new keys (mode 0600)",
    ),
    "starting": ("启动{name}", "starting {name}"),
    "starting_exchange": (
        "启动交易系统(首次启动需编译核心,最长 30 秒)",
        "starting the exchange (a first start compiles the core, up to 30 s)",
    ),
    "registry_up": (
        "注册登记系统  {url}  自有 SQLite 数据库",
        "registry  {url}  with a SQLite database of its own",
    ),
    "exchange_up": (
        "交易系统  {url}  网关 · 定序 · 日志 · 引擎",
        "exchange  {url}  gateway, sequencer, journal, engine",
    ),
    "clearing_up": (
        "清算系统  连接交易系统与注册登记系统",
        "clearing  between exchange and registry",
    ),
    "opening_accounts": (
        "注册登记系统开户、发放配额、银行入账",
        "registry accounts, allowances, cash",
    ),
    "accounts_opened": (
        "注册登记系统开户 {accounts} 个,登记配额 {quantity} 吨,银行存款 {amount} 元",
        "{accounts} registry accounts, {quantity} t of allowances, {amount} yuan in the bank",
    ),
    "admitting": ("准入(一人提议、另一人复核)", "admission, proposed by one, approved by another"),
    "admitted": (
        "准入 {count} 家重点排放单位:{maker} 提议,{checker} 复核",
        "{count} key emitting units: proposed by {maker}, approved by {checker}",
    ),
    "institution_refused": ("{name} 准入被拒:{text}", "{name} refused: {text}"),
    "login_refused": ("未准入者登录被拒:{text}", "login without admission refused: {text}"),
    "funding": ("转入配额与入金", "transfers in and deposits"),
    "funded": (
        "转入 {quantity} 吨、入金 {amount} 元,经清算到达交易系统",
        "{quantity} t and {amount} yuan reached the exchange through clearing",
    ),
    "connecting": ("机器人登录", "robots log in"),
    "connected": (
        "{count} 个机器人各自登录,各有一条连接",
        "{count} robots logged in, each with a connection of its own",
    ),
    # ---------------------------------------------------------------- the day
    "reference_proposed": (
        "{time} {maker} 提议基准价 {price}",
        "{time} {maker} proposes the reference price {price}",
    ),
    "reference_missing": (
        "{time} 未复核前申报被拒:{text}",
        "{time} before approval an order is refused: {text}",
    ),
    "same_person": ("{maker} 自己复核被拒:{text}", "{maker} may not approve: {text}"),
    "reference_set": (
        "{time} {checker} 复核:基准价 {price},涨跌幅 {floor} – {cap},开市",
        "{time} {checker} approves: reference {price}, band {floor} – {cap}; the market opens",
    ),
    "trading": ("交易中", "trading"),
    "bar": (
        "{time}  {price} 元  {quantity} 吨  {trades} 笔",
        "{time}  {price} yuan  {quantity} t  {trades} trades",
    ),
    "break_order": (
        "{time} 午休申报被拒:{text}",
        "{time} in the break an order is refused: {text}",
    ),
    "break_cancel": (
        "{time} 午休撤单被接受:委托 {order}",
        "{time} in the break a cancel is accepted: order {order}",
    ),
    "killed": (
        "{time} 交易系统被强行终止(SIGKILL),在途申报 {count} 笔",
        "{time} the exchange is killed (SIGKILL); orders in flight: {count}",
    ),
    "restarted": (
        "{seconds} 秒后恢复:日志到序号 {sequence},时钟停在 {time} 后继续",
        "back after {seconds} s: journal to sequence {sequence}; the clock stood at {time}",
    ),
    "resale_refused": (
        "{time} {name} 当日买入不得卖出:{text}",
        "{time} {name} may not sell what it bought today: {text}",
    ),
    "day_over": (
        "15:00 收市:申报 {orders} 笔,成交 {trades} 笔,撤单 {cancels} 笔",
        "15:00 the market closed: {orders} orders, {trades} trades, {cancels} cancels",
    ),
    # ---------------------------------------------------------------- close
    "lapsed": (
        "{count} 笔未成交申报自动失效;收盘价 {price}",
        "{count} open orders lapsed; closing price {price}",
    ),
    "clearing": ("清算:逐笔指令、货银对付、双方确认", "clearing: instructions, DvP, both confirm"),
    "cleared": (
        "{count} 条指令货银对付交收完毕,双方已确认",
        "{count} instructions settled delivery versus payment, both sides confirmed",
    ),
    "reconciled": (
        "交易系统 · 注册登记系统 · 银行对账:差异 {count}",
        "exchange · registry · bank reconciled: {count} differences",
    ),
    "verifying_registry": ("校验登记账簿", "verifying the registry's ledger"),
    "check_registry": ("登记账簿的哈希链与余额问题", "problems of the registry's ledger"),
    "registry_verified": (
        "登记账簿校验:哈希链与余额一致",
        "registry ledger verified: hash chain, balances",
    ),
    # ---------------------------------------------------------------- next day
    "next_reference": (
        "{maker}、{checker} 确认基准价 {price},涨跌幅 {floor} – {cap}",
        "{maker} and {checker} confirm the reference {price}, band {floor} – {cap}",
    ),
    "next_sale": (
        "{time} {seller} 卖出 {quantity} 吨,其中 {bought} 吨为昨日买入,价格 {price} 元(T+1)",
        "{time} {seller} sells {quantity} t at {price}, {bought} t of it bought yesterday (T+1)",
    ),
    "replaying": ("重放日志", "replaying the journal"),
    "replayed": (
        "重放日志 {count} 条指令:摘要与运行时一致",
        "journal of {count} commands replayed: the digest is the live one",
    ),
    "replay_differs": ("重放日志的摘要不同", "the replayed digest differs"),
    # ---------------------------------------------------------------- results
    "bulletin": ("每日成交公报(仿真)", "daily bulletin (simulation)"),
    "bulletin_text": (
        (
            "{date} 全国碳市场(仿真):挂牌协议交易成交量 {listed} 吨,成交额 {listed_amount} 元,"
            "开盘价 {open},最高价 {high},最低价 {low},收盘价 {close},{change};"
            "大宗协议成交量 {block} 吨,成交额 {block_amount} 元;"
            "总成交量 {total} 吨,总成交额 {total_amount} 元;"
            "累计成交量 {cumulative} 吨,累计成交额 {cumulative_amount} 元。"
        ),
        (
            "National carbon market (simulation), {date}: listed {listed} t, {listed_amount} yuan; "
            "open {open}, high {high}, low {low}, close {close}, {change}; "
            "block {block} t, {block_amount} yuan; total {total} t, {total_amount} yuan; "
            "cumulative {cumulative} t, {cumulative_amount} yuan."
        ),
    ),
    "change_on_close": ("较前一日 {change}", "{change} on the previous close"),
    "change_on_reference": ("较基准价 {change}", "{change} on the reference price"),
    "statement": ("客户日终报表 {name}", "daily statement of {name}"),
    "statement_opening": ("期初资金", "opening cash"),
    "statement_in": ("入金", "cash in"),
    "statement_buy": ("买入金额", "buy amount"),
    "statement_sell": ("卖出金额", "sell amount"),
    "statement_fees": ("手续费", "fees"),
    "statement_closing": ("期末资金", "closing cash"),
    "statement_holding": (
        "{product} 期初/买入/卖出/转入/期末(吨)",
        "{product}: opening/bought/sold/in/closing (t)",
    ),
    "column_figure": ("项目", "figure"),
    "column_published": ("公布", "published"),
    "column_computed": ("计算", "computed"),
    "column_match": ("一致", "match"),
    "column_check": ("检查", "check"),
    "column_found": ("结果", "found"),
    "reference": ("基准价(元)", "reference price, yuan"),
    "band": ("涨跌幅(元)", "price band, yuan"),
    "open": ("开盘价(元)", "published open, yuan"),
    "first_trade": ("首笔成交(元)", "first trade, yuan"),
    "quantity": ("挂牌成交量(吨)", "listed volume, t"),
    "amount": ("挂牌成交额(元)", "listed amount, yuan"),
    "close": ("收盘价(元)", "close, yuan"),
    "block": ("大宗成交量(吨)", "block volume, t"),
    "next_band": ("次日涨跌幅(元)", "next day's band, yuan"),
    "next_reference_price": ("次日基准价(元)", "next day's reference, yuan"),
    "source": (
        "来源:上海环境能源交易所,2021-07-16 公布数据;次日涨跌幅按 ±10 % 四舍五入计算",
        "source: 上海环境能源交易所 (Shanghai Environment and Energy Exchange), figures of 2021-07-16",
    ),
    "check_participants": ("参与交易主体(≥ 40)", "participants that traded (≥ 40)"),
    "check_trades": ("成交笔数(≥ 300)", "trades (≥ 300)"),
    "check_prices": ("成交价位(≥ 20)", "prices traded (≥ 20)"),
    "check_partial": ("部分摘牌", "picks of a part of a listing"),
    "check_later": ("摘取非首位挂牌", "picks that were not the first of a level"),
    "check_cancels": ("撤单", "cancels"),
    "check_refused": ("应拒绝的均被拒绝", "what had to be refused was refused"),
    "check_in_flight": ("强行终止时在途申报全部查明", "orders in flight at the kill accounted for"),
    "check_reports": ("机器人回报与成交一致,无缺漏", "robots' own reports complete, no gap"),
    "check_feed": ("公开行情与成交一致", "public feed equals the trades"),
    "check_settled": ("交收指令(货银对付)", "instructions settled (DvP)"),
    "check_differences": ("三方对账差异", "differences of the reconciliation"),
    "check_t1": ("当日卖出被拒,次日卖出成功(吨)", "resale refused; sold on the next day (t)"),
    "check_digest": ("重放日志的摘要一致", "replayed journal has the same digest"),
    "flight_title": ("在途申报", "in flight"),
    "flight_column": ("结局", "what became of it"),
    "flight_journaled": (
        "终止前已入日志(序号 {sequence}),查得委托 {order}",
        "journaled before the kill (sequence {sequence}): order {order}",
    ),
    "flight_resent": (
        "从未到达;以同一编号重发,委托 {order}",
        "never arrived, sent again under its number: order {order}",
    ),
    "flight_refused": (";被拒:{text}", "; refused: {text}"),
    "order_words": ("{side} {quantity} 吨 @ {price}", "{side} {quantity} t at {price}"),
    "buy": ("买", "buy"),
    "sell": ("卖", "sell"),
    "latency": (
        "{orders} 次指令,发出至落盘答复:中位数 {median} 毫秒,p99 {p99} 毫秒(共用 {cores} 核)",
        "{orders} commands, from sending to the durable answer: median {median} ms, p99 {p99} ms ({cores} shared cores)",
    ),
    "chart_title": ("演示 {product} {date}", "{product} {date} (simulation)"),
    "chart_price": ("元/吨", "yuan/t"),
    "chart_volume": ("千吨", "thousand t"),
    "data_kept": ("数据与日志:{path}", "data and logs: {path}"),
    "data_removed": (
        "临时数据与密钥已删除;加 --keep DIR 可保留",
        "temporary data and keys are removed; --keep DIR keeps them",
    ),
    "all_match": ("全部一致,用时 {seconds} 秒", "everything matches, in {seconds} s"),
    "not_all_match": ("存在不一致", "NOT everything matches"),
    # ---------------------------------------------------------------- the market that stays
    "stay_title": (
        "演示/仿真 · 全国碳市场,各年度配额,真实速度",
        "demo/simulation · the national carbon market, all vintages, at true speed",
    ),
    "stay_funded": (
        "配额与资金已到达交易系统",
        "allowances and cash have reached the exchange",
    ),
    "stay_open": (
        "{date} 13:00 开市。另开一个终端窗口,运行:",
        "the market is open, {date} 13:00. In another window run:",
    ),
    "stay_trader": (
        "交易员(演示一号,有资金及 CEA24、CEA25 配额):",
        "as a trader (with cash and allowances of CEA24 and CEA25):",
    ),
    "stay_operator": ("运营员(提议):", "as an operator (who proposes):"),
    "stay_second_operator": (
        "第二运营员(复核):",
        "as the second operator (who approves):",
    ),
    "stay_stop": (
        "按 Ctrl-C 停止,全部进程随之结束,密钥随之删除(除非 --keep)。",
        "Ctrl-C stops everything; the keys go with it, unless --keep.",
    ),
    "stay_line": (
        "{date} {time}  {product} {price} 元  成交 {trades} 笔",
        "{date} {time}  {product} {price} yuan  {trades} trades",
    ),
    "stay_cleared": (
        "{date} 收市,{settled} 笔交收完毕,对账差异 {breaks};稍后进入下一交易日",
        "{date} closed: {settled} trades settled, {breaks} differences; the next day follows",
    ),
    "stay_morning": ("{date} 09:30 开市", "{date} 09:30, the market is open"),
    "failed": ("演示失败:{text}", "the demo failed: {text}"),
    "stopped": ("已停止,全部进程已结束", "stopped; every process has ended"),
}


class Words:
    """The texts in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._index = 0 if language == "zh" else 1

    def __call__(self, name: str, /, **fields: object) -> str:
        """Return a text with its fields filled in."""
        return TEXTS[name][self._index].format(**fields)


def default_language(environment: Mapping[str, str]) -> Language:
    """Return zh where the locale says so, else en."""
    locale = next((environment[k] for k in ("LC_ALL", "LANG") if environment.get(k)), "")
    return "zh" if locale.startswith("zh") else "en"
