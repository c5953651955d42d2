"""What may stand where no name may: codes and ids; and what may stand where people write in their own words."""

import re
import secrets
import unicodedata

from registry.errors import RegistryError

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,299}")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_LONGEST_TEXT = 200
_NUMBERS = 10**10
_NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, halves of characters, line and paragraph separators. Marks of direction and joiners may stand."""

_LONGEST_EMAIL = 254
"""Characters of an address, by RFC 5321 with its erratum 1690."""


def random_id(what: str) -> str:
    """A new id of an account, a contact or an endpoint: what it is, and ten random digits."""
    return f"{what}-{secrets.randbelow(_NUMBERS):010}"


def is_code(text: str) -> bool:
    """Whether a text is a code or an id: letters, digits and `. _ : / + -`; so no name and no email address."""
    return _CODE.fullmatch(text) is not None


def require_code(text: str, what: str) -> str:
    """The text, which is a code.

    Raises:
        RegistryError: It is none. The message does not repeat it, for it may be a name.
    """
    if not is_code(text):
        raise RegistryError(f"the {what} must be a code of letters, digits and . _ : / + - without spaces")
    return text


def fault_of_text(text: str) -> str | None:
    """What is wrong with a text of one line; None: nothing."""
    if not text.strip():
        return "it is empty"
    if len(text) > _LONGEST_TEXT:
        return f"it is longer than {_LONGEST_TEXT} characters"
    if any(unicodedata.category(character) in _NOT_IN_A_LINE for character in text):
        return "it holds line breaks or control characters"
    return None


def fault_of_email(text: str) -> str | None:
    """What is wrong with an email address; None: nothing. Whether anybody reads it only a message can tell."""
    if len(text) > _LONGEST_EMAIL or not text.isprintable() or not _EMAIL.fullmatch(text):
        return "it is no email address"
    return None
