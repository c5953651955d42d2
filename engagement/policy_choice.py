"""Which policy a command means: a file, a version, or the one in force; and what its days have to do with the log."""

from datetime import date
from importlib import resources
from pathlib import Path

from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from learning.calendar import uk_day
from learning.errors import EngagementError
from learning.policy import Policies, Policy, parse_policy
from projections.policy_files import read_policy
from projections.policy_use import was_used
from stream_processors.day_clock import utc_now


class UnknownPolicyError(EngagementError):
    """There is no policy file and no version of this name."""


def chosen(wiring: Wiring, policies: Policies, wanted: str | None) -> Policy:
    """The policy in a file, of a version, or the one in force on the latest day that has started (else today).

    Raises:
        UnknownPolicyError: There is none; suggests what could be meant.
        EngagementError: The file is wrong.
    """
    if wanted is None:
        return policies.on(latest_day(wiring) or uk_day(utc_now()))
    versions = {each.version: each for each in policies.versions}
    if wanted in versions:
        return versions[wanted]
    if Path(wanted).exists():
        return read_file(Path(wanted))
    advice = did_you_mean(wanted, versions) or f"; there are {', '.join(versions)}"
    raise UnknownPolicyError(f"{wanted} is no policy file and no version of the policy{advice}")


def read_file(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        EngagementError: The file is wrong, or cannot be read.
    """
    return parse_policy(read_policy(path), path.name)


def own_policies(wiring: Wiring) -> dict[Path, Policy]:
    """The policies in the data folder, by file."""
    return {path: read_file(path) for path in sorted(wiring.settings.policies_dir.glob("*.toml"))}


def file_of(wiring: Wiring, version: str) -> str:
    """The text of the file that holds a version of the policy."""
    for path, policy in own_policies(wiring).items():
        if policy.version == version:
            return read_policy(path)
    return resources.files("learning").joinpath("policy.toml").read_text(encoding="utf-8")


def latest_day(wiring: Wiring) -> date | None:
    """The latest day that was decided; None while none was."""
    return max((each.day for each in wiring.positions().values() if each.day), default=None)


def decided_by(wiring: Wiring, version: str) -> bool:
    """Whether decisions were made by a version of the policy."""
    if not wiring.has_projections():
        return False
    with wiring.store() as store, store.connect() as connection:
        return was_used(connection, version)
