"""The index of identities: finds what was noted, forgets another topic's, and is made anew when it is unreadable."""

from contextlib import suppress
from pathlib import Path

import pytest

from eventlog.base import LogError
from eventlog.brokers.identities import IdentityIndex, UnreadableIndexError, followed_heads, followed_tips
from eventlog.brokers.reader import Place
from eventlog.chain import Tip, start

PLACE = Place("facts", 1)
BEGIN = Tip(0, start(*PLACE))
HEAD = bytes(16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "be?low #1" / "identities.db"


def noted(index: IdentityIndex, *identities: str, incarnation: str = "first") -> None:
    """Note records with these identities, from offset 0 on."""
    with index.holding():
        index.tips("facts", incarnation, 2)
        index.note(PLACE, BEGIN, Tip(len(identities), HEAD), enumerate(identities))


def found(index: IdentityIndex, *identities: str) -> dict[str, tuple[int, int]]:
    """Where these identities stand."""
    with index.holding():
        return dict(index.find("facts", identities))


def test_what_was_noted_is_found_with_its_place(path: Path) -> None:
    """Partition and offset come back, also to whoever opens the file later; others are not there."""
    noted(IdentityIndex(path), "a\n1", "b\n1", "1")

    assert found(IdentityIndex(path), "b\n1", "1", "b\n2", "c\n1") == {"b\n1": (1, 1), "1": (1, 2)}


def test_what_fails_is_not_noted(path: Path) -> None:
    """An append that breaks off leaves nothing behind, new sources included."""
    index = IdentityIndex(path)

    with suppress(KeyboardInterrupt), index.holding():
        index.note(PLACE, BEGIN, Tip(1, HEAD), [(0, "a\n1")])
        raise KeyboardInterrupt
    noted(index, "b\n1")

    assert found(index, "a\n1", "b\n1") == {"b\n1": (1, 0)}


def test_the_first_place_of_an_identity_counts(path: Path) -> None:
    """One that two machines put there at once stands where it was met first."""
    index = IdentityIndex(path)
    noted(index, "a\n1", "a\n2", "a\n1")

    assert found(index, "a\n1") == {"a\n1": (1, 0)}


def test_a_topic_made_anew_is_begun_again(path: Path) -> None:
    """Identities, tips and heads of the topic that was deleted are gone; other topics' stay."""
    index = IdentityIndex(path)
    noted(index, *(f"a\n{number}" for number in range(1_500)))
    with index.holding():
        index.note(Place("other", 0), BEGIN, Tip(1, HEAD), [(0, "a\n1")])

    with index.holding():
        assert index.tips("facts", "second", 2) == {0: Tip(0, start("facts", 0)), 1: BEGIN}
        assert index.find("facts", ["a\n1"]) == {}
        assert index.find("other", ["a\n1"]) == {"a\n1": (0, 0)}
    assert followed_heads(path, PLACE, "second") == []


def test_tips_and_heads_are_kept_for_readers(path: Path) -> None:
    """Who only reads learns how far each partition was followed, for the topic as it is and no other."""
    assert followed_tips(path, {"facts": "first"}) == {}
    noted(IdentityIndex(path), *(f"a\n{number}" for number in range(1_000)))

    assert followed_tips(path, {"facts": "first"}) == {("facts", 1): Tip(1_000, HEAD)}
    assert followed_heads(path, PLACE, "first") == [Tip(1_000, HEAD)]
    assert followed_tips(path, {"facts": "second"}) == {}
    assert followed_heads(path, PLACE, "second") == []


@pytest.mark.parametrize("content", [b"no SQLite at all" * 300, b"SQLite format 3\0" + bytes(4_000)])
def test_a_file_that_is_no_index_is_replaced(path: Path, content: bytes) -> None:
    """What cannot be read is thrown away when it is opened."""
    path.parent.mkdir()
    path.write_bytes(content)

    noted(index := IdentityIndex(path), "a\n1")

    assert found(index, "a\n1") == {"a\n1": (1, 0)}


def test_damage_while_it_is_used_is_told_and_mended(path: Path) -> None:
    """A file that is damaged under a process is an error once, and can be made anew."""
    index = IdentityIndex(path)
    noted(index, *(f"a\n{number}" for number in range(1_000)))
    index.close()
    path.write_bytes(path.read_bytes()[:8_192] + b"\xff" * (path.stat().st_size - 8_192))
    index = IdentityIndex(path)

    with pytest.raises(UnreadableIndexError, match=r"identities.db .* is damaged .*made anew"):
        found(index, *(f"a\n{number}" for number in range(1_000)))
    index.renew()
    noted(index, "a\n1")

    assert found(index, "a\n1") == {"a\n1": (1, 0)}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, the message says so."""
    (tmp_path / "file").write_text("")

    with pytest.raises(LogError, match=r"folder of the index .*cannot be made"):
        IdentityIndex(tmp_path / "file" / "identities.db")
