"""What can go wrong for a client of the gateway, each with what it means for the request."""

from gateway.frames_replies import Error, Outcome
from gateway.frames_replies import LoginRefused as LoginRefusedFrame


class ClientError(Exception):
    """Base of the client library's errors."""


class ConnectionFailed(ClientError):
    """The gateway could not be reached, or the connection was lost for good."""


class LoginRefused(ClientError):
    """The gateway refused the login; `code` is a name of `Reason` or the gateway's own."""

    def __init__(self, frame: LoginRefusedFrame) -> None:
        super().__init__(frame.text)
        self.code = frame.code
        self.number = frame.number
        self.text = frame.text
        self.time_ns = frame.time_ns


class RequestFailed(ClientError):
    """A request was not carried out: rejected for good, not_sent at all, or its outcome is unknown."""

    def __init__(
        self, outcome: Outcome, code: str, text: str, path: str = "", retry_after_ms: int = 0
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.outcome: Outcome = outcome
        self.code = code
        self.text = text
        self.path = path
        self.retry_after_ms = retry_after_ms

    @classmethod
    def of(cls, frame: Error) -> "RequestFailed":
        """Return the error that a frame tells."""
        return cls(frame.outcome, frame.code, frame.text, frame.path, frame.retry_after_ms)


class SubmitFailed(RequestFailed):
    """A command was not carried out, or nobody knows (`outcome`)."""
