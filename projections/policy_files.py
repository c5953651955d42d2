"""Reads the user's own risk policies, and joins them with the one that comes with the product."""

from pathlib import Path

from learning.errors import EngagementError
from learning.policy import Policies, parse_policy, shipped_policies


class PolicyFolderError(EngagementError):
    """A policy file cannot be read."""


def load_policies(folder: Path) -> Policies:
    """The shipped policy and every `*.toml` in `folder` (which need not exist).

    Raises:
        PolicyError: A file is wrong, or two versions contradict each other.
        PolicyFolderError: A file cannot be read at all.
    """
    files = sorted(folder.glob("*.toml"))
    return shipped_policies().extended(parse_policy(read_policy(path), path.name) for path in files)


def read_policy(path: Path) -> str:
    """The text of a policy file.

    Raises:
        PolicyFolderError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFolderError(f"{path} cannot be read ({error}); save it as UTF-8 text") from error
