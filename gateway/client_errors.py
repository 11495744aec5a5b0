"""What can go wrong for a client of the gateway, each with what it means for the request."""

from gateway.codes import FAULTS, text_of
from gateway.frames_replies import Error, Outcome, Retry
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
        self.outcome: Outcome = frame.outcome
        self.retry: Retry = frame.retry
        self.retry_after_ms = frame.retry_after_ms


class RequestFailed(ClientError):
    """A request was not carried out: rejected for good, not_sent at all, or its outcome is unknown."""

    def __init__(
        self,
        outcome: Outcome,
        code: str,
        text: str,
        *,
        number: int = 0,
        retry: Retry = "never",
        retry_after_ms: int = 0,
        path: str = "",
        place: int = -1,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.outcome: Outcome = outcome
        self.code = code
        """Stable name of the fault; the library's own are CONNECTION_LOST, NOT_CONNECTED, PROTOCOL."""
        self.number = number
        """Stable number of the code."""
        self.text = text
        self.retry: Retry = retry
        self.retry_after_ms = retry_after_ms
        self.path = path
        """Where in the frame, of one that was malformed."""
        self.place = place
        """Which item of a batch, from 0; -1 = none."""

    @classmethod
    def here(
        cls,
        outcome: Outcome,
        code: str,
        language: str,
        detail: object = "",
        *,
        retry: Retry = "never",
    ) -> "RequestFailed":
        """Return an error that the library itself finds, in the language of its client."""
        text = text_of(code, language, detail)
        return cls(outcome, code, text, number=FAULTS[code].number, retry=retry)

    @classmethod
    def of(cls, frame: Error) -> "RequestFailed":
        """Return the error that a frame tells."""
        return cls(
            frame.outcome,
            frame.code,
            frame.text,
            number=frame.number,
            retry=frame.retry,
            retry_after_ms=frame.retry_after_ms,
            path=frame.path,
            place=frame.place,
        )


class SubmitFailed(RequestFailed):
    """A command was not carried out, or nobody knows (`outcome`)."""

    @classmethod
    def from_request(cls, error: RequestFailed) -> "SubmitFailed":
        """Return what a failed request means for its command."""
        return cls(
            error.outcome,
            error.code,
            error.text,
            number=error.number,
            retry=error.retry,
            retry_after_ms=error.retry_after_ms,
            path=error.path,
            place=error.place,
        )
