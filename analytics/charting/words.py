"""Words on a chart: shown as they are, whatever they are."""

from textwrap import fill

_PRINTABLE_FROM = 32
_NO_BREAK = "\u00a0"


def plain(text: str) -> str:
    """A text on one line, without the characters that a picture cannot hold; nothing in it is read as markup."""
    return "".join(each if ord(each) >= _PRINTABLE_FROM and each.isprintable() else " " for each in text)


def wrapped(text: str, width: int) -> str:
    """A plain text on lines of so many characters; a figure and its percent sign stay together."""
    return fill(plain(text).replace(" %", f"{_NO_BREAK}%"), width).replace(_NO_BREAK, " ")
