"""Why a sign-in through the identity provider came to nothing. The code of an error names its text (texts.py)."""


class SignOnError(Exception):
    """`code` is in log lines and rows, and chooses the text of the page. `detail` is for log lines and commands alone."""

    is_expected = True  # not a defect of the code: see snapportal/logs.py
    status = 403

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class OutageError(SignOnError):
    """The identity provider cannot be reached, or has trouble of its own."""

    status = 503


class WrongAnswerError(SignOnError):
    """The identity provider's answer is not what its protocol says, or the portal is not registered there as it says."""

    status = 502


class FlowError(SignOnError):
    """What came back does not belong to a sign-in that this browser began."""

    status = 400


class RefusedError(SignOnError):
    """The identity provider refuses, what it states cannot be trusted, or the person may not come in."""
