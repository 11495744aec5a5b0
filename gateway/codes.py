"""Faults of a conversation that are the gateway's own: stable codes with texts, and close codes.

Refusals by a rule of the market are `engine.reasons.Reason`; these here never reach the engine.
"""

from enum import IntEnum
from typing import Final

from gateway.frames_replies import Error, Outcome


class CloseCode(IntEnum):
    """Why the gateway closes a connection (websocket close codes; 4000 and up are ours)."""

    GOING_AWAY = 1012
    NOT_TEXT = 1003
    LOGIN_REFUSED = 4001
    MALFORMED = 4002
    LOGIN_TIMEOUT = 4003
    IDLE = 4008
    SLOW_READER = 4009
    RATE_LIMIT = 4029


TEXTS: Final[dict[str, tuple[str, str]]] = {
    "MALFORMED": ("报文格式错误:{detail}", "malformed frame: {detail}"),
    "FRAME_TOO_LARGE": (
        "报文 {detail} 字节,超过上限",
        "the frame has {detail} bytes, more than the limit",
    ),
    "NOT_LOGGED_IN": ("请先登录", "log in first"),
    "ALREADY_LOGGED_IN": ("本连接已登录", "this connection has already logged in"),
    "KEY_UNKNOWN": (
        "密钥未登记或签名不符;只有已准入的重点排放单位可以登录",
        "the key is not enrolled or the signature is not its own; only admitted key emitting units may log in",
    ),
    "PARTICIPANT_UNKNOWN": (
        "该主体未准入或不存在,不能登录或查询",
        "the participant is not admitted",
    ),
    "CLOCK_OFF": (
        "本机时间与服务器相差 {detail} 秒,超过 5 秒",
        "your clock is {detail} s away from the gateway's; 5 s are allowed",
    ),
    "HOST_UNKNOWN": ("连接的主机名不是本服务器", "this gateway does not answer for that host name"),
    "CONNECTIONS_FULL": ("连接数已达上限 {detail}", "the limit of {detail} connections is reached"),
    "ROLE_NOT_PERMITTED": ("该角色无此权限", "this role may not do that"),
    "RATE_LIMITED": ("请求过快,请稍后再试", "too fast; try again a little later"),
    "TOO_MANY_IN_FLIGHT": (
        "同时等待的请求超过上限 {detail}",
        "more than {detail} requests wait at a time",
    ),
    "TOO_MANY_SUBSCRIPTIONS": ("订阅数超过上限 {detail}", "more than {detail} subscriptions"),
    "NOT_SUBSCRIBED": ("没有该订阅", "there is no such subscription"),
    "RESUME_TOO_OLD": (
        "只保留序号 {detail} 之后的数据",
        "only what follows sequence {detail} is kept",
    ),
    "RESUME_AHEAD": (
        "日志只到序号 {detail}",
        "the log of this exchange ends at sequence {detail}",
    ),
    "PRODUCT_UNKNOWN": ("没有该标的物", "no such product"),
    "DATE_NOT_KEPT": (
        "只能查询当日和上一交易日,{detail} 不在其中",
        "only the open and the last trading day are kept, {detail} is not among them",
    ),
    "CLOCK_NOT_DRIVEN": (
        "该市场使用真实时钟,不能由指令推进",
        "this market lives on the wall clock, which nobody moves",
    ),
    "BUSY": ("系统繁忙,请稍后再试", "the exchange is busy; try again a little later"),
    "CANCEL_ONLY": (
        "目前只接受撤单等减少风险的指令,请稍后再试",
        "only cancels and what else takes risk away is taken now; try again later",
    ),
    "DISK_FULL": (
        "交易系统存储空间不足,暂不接受任何指令",
        "the exchange has no room left on its disk and takes nothing for now",
    ),
    "STOPPED": (
        "交易系统已停止,结果未知,请重连后查询",
        "the exchange stopped; the outcome is unknown: reconnect and ask",
    ),
    "INTERNAL": ("系统内部错误", "internal error"),
}
"""Text of each code in Chinese and English; `{detail}` is its figure or name."""


def text_of(code: str, language: str, detail: object = "") -> str:
    """Return the text of a code in `zh` or `en`."""
    chinese, english = TEXTS[code]
    return (chinese if language == "zh" else english).format(detail=detail)


class Fault(Exception):
    """A request that is not carried out; becomes an `Error` frame, the connection lives on."""

    def __init__(
        self,
        code: str,
        detail: object = "",
        *,
        outcome: Outcome = "rejected",
        path: str = "",
        retry_after_ms: int = 0,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.outcome: Outcome = outcome
        self.path = path
        self.retry_after_ms = retry_after_ms

    def frame(self, request: int, language: str) -> Error:
        """Return the error frame for a request (0 where its id could not be read)."""
        return Error(
            id=request,
            code=self.code,
            text=text_of(self.code, language, self.detail),
            outcome=self.outcome,
            path=self.path,
            retry_after_ms=self.retry_after_ms,
        )
