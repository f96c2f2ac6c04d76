"""What ends a command: the app refused, or could not be reached."""


class Refused(Exception):
    """The text says why and what to do. `code` is the refusal's, if it has one."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code
