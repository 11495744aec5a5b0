"""The market's words in plain sentences, Chinese and English, for the help screen (F1)."""

from typing import Final

GLOSSARY: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "挂牌",
        "listing",
        "公开报出价格和数量,等别人来摘。报出后资金或配额被锁定,收市自动撤销。",
        "An open offer of price and quantity that waits to be picked. Its cash or allowances are locked until it trades, is cancelled or the market closes.",
    ),
    (
        "摘牌",
        "pick",
        "选中一笔挂牌,按它的价格成交全部或一部分。先摘最优价位,同价位里任选。",
        "Take one listing at its price, all or part of it. The best level comes first; inside a level you choose freely.",
    ),
    (
        "五档",
        "five levels",
        "买卖双方各五个最好的价位。卖方在上,买方在下。",
        "The five best price levels of each side: sellers above, buyers below.",
    ),
    (
        "挂牌不自动成交",
        "nothing matches by itself",
        "即使价格交叉,两笔挂牌也不会自动成交;要成交就去摘对方的挂牌。",
        "Two listings never trade with each other, even when their prices cross; to trade, pick the other side's listing.",
    ),
    (
        "基准价",
        "reference price",
        "当日涨跌幅的起点,一般是前一交易日收盘价。两位运营员复核后产品才开市。",
        "Where the day's price band starts, normally the previous close. A product opens once two operators have confirmed it.",
    ),
    (
        "涨停 / 跌停",
        "cap / floor",
        "当日允许的最高和最低价。超出的申报会被拒绝。",
        "The highest and lowest price allowed today. Orders outside are refused.",
    ),
    (
        "大宗协议",
        "block agreement",
        "十万吨及以上的协商交易,只在下午,价格范围更宽。",
        "A negotiated trade of 100,000 t or more, in the afternoon only, with a wider band.",
    ),
    (
        "T+1",
        "T+1",
        "今天买入的配额今天不能卖;登记系统交收后,下一交易日起可卖。卖出所得资金今天可再买入。",
        "What you buy today cannot be sold today; after the registry has delivered it, you may sell from the next trading day. Proceeds of a sale can buy again today.",
    ),
    (
        "收盘价",
        "close",
        "当日挂牌成交的加权平均价;没有挂牌成交时沿用前收盘价。",
        "The average price of the day's listed trades weighted by tonnes; without any, the previous close stays.",
    ),
    (
        "综合价",
        "composite",
        "各年度产品价格的加权平均,只供参考,不能交易。",
        "The weighted price of the vintages; for information, it cannot be traded.",
    ),
    (
        "复核",
        "approval",
        "一位运营员提议,另一位复核后才生效。本人不能复核自己的提议。",
        "One operator proposes, another approves; only then it takes effect. Nobody approves their own.",
    ),
    (
        "开通码",
        "enrolment code",
        "一次性的码:两人批准后告知本人,本人凭它登记自己的密钥。只显示一次,不能收回,到期失效。",
        "A code for one use: approved by two persons and told to its owner, who enrols a key with it. Shown once, never taken back, over at its time.",
    ),
    (
        "结果待确认",
        "outcome unknown",
        "发出后断线,暂时不知道是否受理。重连后终端会自动查明,期间不要重复申报。",
        "The line was lost before the answer came. After reconnecting the terminal finds out by itself; do not send again meanwhile.",
    ),
)
