"""What enrolments are measured and decided by: the programmes and the versions of the risk policy."""

from pathlib import Path
from typing import NamedTuple

from learning.curriculum import Curriculum
from learning.policy import Policies, shipped_policies
from projections.curriculum_files import CurriculumFolder, load_curriculum, toml_files
from projections.policy_files import load_policies


class Rulebook(NamedTuple):
    """The rules that facts are looked at by."""

    curriculum: Curriculum
    policies: Policies = shipped_policies()


class RulebookFolders:
    """The rules as the folders have them now: a file that was added or changed is read again."""

    def __init__(self, programmes: Path, policies: Path) -> None:
        """Read both folders.

        Raises:
            CatalogueError: A catalogue file has a fault.
            PolicyError: A policy file has one.
            CatalogueFolderError: A catalogue file cannot be read at all.
            PolicyFolderError: The same of a policy file.
        """
        self._programmes = CurriculumFolder(programmes)
        self._folder = policies
        self._seen = toml_files(policies)
        self._policies = load_policies(policies)

    def current(self) -> Rulebook:
        """The rules; read again, once, when the files are no longer those that were read.

        Raises:
            EngagementError: As above; the next call answers the rules as they were before.
        """
        seen, self._seen = self._seen, toml_files(self._folder)
        if seen != self._seen:
            self._policies = load_policies(self._folder)
        return Rulebook(self._programmes.current(), self._policies)


def load_rulebook(programmes: Path, policies: Path) -> Rulebook:
    """What comes with the product and what the two folders add.

    Raises:
        EngagementError: A file is wrong; names it and what to do.
    """
    return Rulebook(load_curriculum(programmes), load_policies(policies))
