"""Faults of a conversation that are the gateway's own: stable codes with texts, and close codes.

Refusals by a rule of the market are `engine.reasons.Reason`, below 1000; these here never reach the engine.
One name has one number: a code that is also a reason has the reason's, all others are from 2001 on.
"""

import re
from enum import IntEnum
from typing import Final

from msgspec import Struct

from gateway.frames_replies import Error, Outcome, Retry
from gateway.malformed import in_words

CLOCK_TOLERANCE_S: Final = 5
"""So far a client's clock may be away from the gateway's at a login or a claim."""


class CloseCode(IntEnum):
    """Why the gateway closes a connection (websocket close codes; 4000 and up are ours)."""

    GOING_AWAY = 1012
    """The gateway stops; `retry_ms=…` in the reason is the pause before dialling again."""
    NOT_TEXT = 1003
    """A frame was not text or binary as the subprotocol says."""
    LOGIN_REFUSED = 4001
    """`LoginRefused` told why, or something else came before a login."""
    MALFORMED = 4002
    """The first frame was malformed, or too many were."""
    LOGIN_TIMEOUT = 4003
    """No login came in time."""
    KEY_REVOKED = 4004
    """The key of this connection was revoked."""
    KEY_EXPIRED = 4005
    """The last day of the key of this connection is over."""
    PARTICIPANT_REMOVED = 4006
    """The participant was removed from the list."""
    ENROLLED = 4007
    """Nothing is wrong: the key is enrolled, log in with it on a new connection."""
    IDLE = 4008
    """Nothing came for `idle_seconds`; `Ping` is enough."""
    RATE_LIMIT = 4029
    """Frames went on coming too fast after many an error that said so."""


class FaultCode(Struct, frozen=True):
    """What a code of the gateway means: its number, its texts with `{detail}`, and whether to try again."""

    number: int
    zh: str
    en: str
    retry: Retry = "never"
    retry_after_ms: int = 0
    """When, where the fault itself does not say."""


FAULTS: Final[dict[str, FaultCode]] = {
    "MALFORMED": FaultCode(2001, "报文格式错误:{detail}", "malformed frame: {detail}"),
    "FRAME_TOO_LARGE": FaultCode(
        2002, "报文 {detail} 字节,超过上限", "the frame has {detail} bytes, more than the limit"
    ),
    "NOT_LOGGED_IN": FaultCode(2003, "请先登录", "log in first"),
    "ALREADY_LOGGED_IN": FaultCode(2004, "本连接已登录", "this connection has already logged in"),
    "KEY_UNKNOWN": FaultCode(
        101,
        "密钥未登记或签名不符;只有已准入的重点排放单位可以登录",
        "the key is not enrolled or the signature is not its own; only admitted key emitting units may log in",
    ),
    "PARTICIPANT_UNKNOWN": FaultCode(
        104, "该主体未准入或不存在,不能登录或查询", "the participant is not admitted"
    ),
    "CLOCK_OFF": FaultCode(
        2012,
        f"本机时间与服务器相差 {{detail}} 秒,超过 {CLOCK_TOLERANCE_S} 秒",
        f"your clock is {{detail}} s away from the gateway's; {CLOCK_TOLERANCE_S} s are allowed",
    ),
    "KEY_REVOKED": FaultCode(112, "该密钥已吊销", "the key is revoked"),
    "KEY_EXPIRED": FaultCode(113, "该密钥已过有效期", "the key's last day lies behind"),
    "PARTICIPANT_REMOVED": FaultCode(
        114,
        "该主体已移出重点排放单位名录,不能登录",
        "the participant is no longer on the list of key emitting units; it may not log in",
    ),
    "ADDRESS_NOT_LISTED": FaultCode(
        2016, "该密钥不允许从地址 {detail} 登录", "the key may not log in from the address {detail}"
    ),
    "LOGIN_LIMITED": FaultCode(
        2017,
        "登录失败次数过多,请稍后再试",
        "too many refused logins; try again later",
        retry="after",
        retry_after_ms=10_000,
    ),
    "SIGNATURE_WRONG": FaultCode(
        2018, "签名不是该公钥所作,不能登记", "the signature is not that of the key to be enrolled"
    ),
    "HOST_UNKNOWN": FaultCode(
        2019, "连接的主机名不是本服务器", "this gateway does not answer for that host name"
    ),
    "CONNECTIONS_FULL": FaultCode(
        2020,
        "连接数已达上限 {detail}",
        "the limit of {detail} connections is reached",
        retry="after",
        retry_after_ms=1_000,
    ),
    "CONNECTIONS_LIMITED": FaultCode(
        2021,
        "新建连接过快,请稍后再试",
        "new connections come too fast; try again a little later",
        retry="after",
        retry_after_ms=1_000,
    ),
    "ROLE_NOT_PERMITTED": FaultCode(102, "该角色无此权限", "this role may not do that"),
    "RATE_LIMITED": FaultCode(
        2030,
        "请求过快,请稍后再试",
        "too fast; try again a little later",
        retry="after",
        retry_after_ms=100,
    ),
    "TOO_MANY_IN_FLIGHT": FaultCode(
        2031,
        "同时等待的请求超过上限 {detail}",
        "more than {detail} requests wait at a time",
        retry="after",
        retry_after_ms=20,
    ),
    "TOO_MANY_SUBSCRIPTIONS": FaultCode(
        2032, "订阅数超过上限 {detail}", "more than {detail} subscriptions"
    ),
    "NOT_SUBSCRIBED": FaultCode(2033, "没有该订阅", "there is no such subscription"),
    "RESUME_TOO_OLD": FaultCode(
        2034, "只保留序号 {detail} 之后的数据", "only what follows sequence {detail} is kept"
    ),
    "RESUME_AHEAD": FaultCode(
        2035, "日志只到序号 {detail}", "the log of this exchange ends at sequence {detail}"
    ),
    "PRODUCT_UNKNOWN": FaultCode(205, "没有该标的物", "no such product"),
    "DATE_NOT_KEPT": FaultCode(
        2041,
        "只能查询当日和上一交易日,{detail} 不在其中",
        "only the open and the last trading day are kept, {detail} is not among them",
    ),
    "CLOCK_NOT_DRIVEN": FaultCode(
        2042,
        "该市场使用真实时钟,不能由指令推进",
        "this market lives on the wall clock, which nobody moves",
    ),
    "PARAMETER_INVALID": FaultCode(2043, "参数无效:{detail}", "invalid parameter: {detail}"),
    "PATH_UNKNOWN": FaultCode(2044, "没有该地址;例如:{detail}", "no such address; try {detail}"),
    "METHOD_NOT_ALLOWED": FaultCode(2045, "只接受 GET 和 HEAD", "only GET and HEAD are taken"),
    "BUSY": FaultCode(
        2050,
        "系统繁忙,请稍后再试",
        "the exchange is busy; try again a little later",
        retry="after",
        retry_after_ms=50,
    ),
    "CANCEL_ONLY": FaultCode(
        2051,
        "目前只接受撤单等减少风险的指令,请稍后再试",
        "only cancels and what else takes risk away is taken now; try again later",
        retry="after",
        retry_after_ms=1_000,
    ),
    "DISK_FULL": FaultCode(
        2052,
        "交易系统存储空间不足,暂不接受任何指令",
        "the exchange has no room left on its disk and takes nothing for now",
        retry="after",
        retry_after_ms=10_000,
    ),
    "STOPPING": FaultCode(
        2055,
        "交易系统正在停止,未受理,请稍后重连",
        "the exchange is being stopped and took nothing; reconnect a little later",
        retry="after",
        retry_after_ms=1_000,
    ),
    "STOPPED": FaultCode(
        2053,
        "交易系统已停止,结果未知,请重连后查询",
        "the exchange stopped; the outcome is unknown: reconnect and ask",
        retry="same",
    ),
    "INTERNAL": FaultCode(2054, "系统内部错误", "internal error", retry="same"),
    "CONNECTION_LOST": FaultCode(
        2060, "连接中断,未收到答复", "the connection was lost before the answer came"
    ),
    "NOT_CONNECTED": FaultCode(
        2061,
        "与交易系统没有连接:{detail}",
        "there is no connection to the exchange: {detail}",
    ),
    "PROTOCOL": FaultCode(
        2062,
        "交易系统的答复不符合协议:{detail}",
        "the exchange answered with what does not belong there: {detail}",
    ),
}
"""Every code, from 2060 on the client library's own; numbers are stable and only ever added, a retired one is
never used again."""


_DECODED: Final = frozenset({"MALFORMED", "PARAMETER_INVALID"})
"""Codes whose detail is what a decoder found."""


def text_of(code: str, language: str, detail: object = "") -> str:
    """Return the text of a code in `zh` or `en`."""
    row = FAULTS[code]
    if code in _DECODED:
        detail = in_words(str(detail), language)
    return (row.zh if language == "zh" else row.en).format(detail=detail)


_PLACE = re.compile(r"\A\$\.command\.\w+\[([0-9]+)\]")


def place_in(path: str) -> int:
    """Return which item of a batch a JSON path names, -1 where it names none."""
    found = _PLACE.match(path)
    return int(found.group(1)) if found else -1


class Fault(Exception):
    """A request that is not carried out; becomes an `Error` frame, the connection lives on."""

    def __init__(
        self,
        code: str,
        detail: object = "",
        *,
        outcome: Outcome | None = None,
        path: str = "",
        retry_after_ms: int = 0,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        # What may be tried again later was not refused for good.
        usual: Outcome = "not_sent" if FAULTS[code].retry == "after" else "rejected"
        self.outcome: Outcome = outcome or usual
        self.path = path
        self.retry_after_ms = retry_after_ms or FAULTS[code].retry_after_ms

    def frame(self, request: int, language: str) -> Error:
        """Return the error frame for a request (0 where its id could not be read)."""
        return Error(
            id=request,
            code=self.code,
            number=FAULTS[self.code].number,
            text=text_of(self.code, language, self.detail),
            outcome=self.outcome,
            retry=FAULTS[self.code].retry,
            retry_after_ms=self.retry_after_ms,
            path=self.path,
            place=place_in(self.path),
        )
