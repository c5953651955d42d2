"""What every kind of log promises; the test of an implementation inherits these tests and gives a `log` fixture."""

import pytest

from eventlog.base import CorruptLogError, EventLog, LogError, Record

TOPIC = "facts"
PARTITIONS = 4


def record(number: int, *, partition: int | None = 0, identity: str | None = None) -> Record:
    """A record that is recognisable by its number."""
    return Record(key=b"participant-%d" % number, value=b"fact %d" % number, identity=identity, partition=partition)


class LogContract:
    """The promises. `log` is empty, open, and has the topic `TOPIC` with `PARTITIONS` partitions."""

    def test_topics_are_listed_with_their_partitions(self, log: EventLog) -> None:
        """A topic that was created is there with its number of partitions."""
        assert log.topics() == {TOPIC: PARTITIONS}

    def test_creating_a_topic_again_keeps_its_partitions(self, log: EventLog) -> None:
        """An existing topic keeps its number of partitions whatever is asked for, and answers it."""
        assert log.create_topic(TOPIC, PARTITIONS + 3) == PARTITIONS
        assert log.topics() == {TOPIC: PARTITIONS}

    def test_offsets_of_a_partition_count_from_zero(self, log: EventLog) -> None:
        """Each partition counts its own records 0, 1, 2 ... in the order they were appended."""
        receipts = log.append(TOPIC, [record(1), record(2, partition=3), record(3)])

        assert [(receipt.partition, receipt.offset) for receipt in receipts] == [(0, 0), (3, 0), (0, 1)]

    def test_what_was_appended_is_read_back(self, log: EventLog) -> None:
        """Key and value come back byte for byte, a missing key and an empty value too."""
        sent = [Record(b"k", b"\x00\xff", None, 0), Record(None, b"", None, 0), Record(b"", b"v", None, 0)]

        log.append(TOPIC, sent)

        assert [(stored.key, stored.value) for stored in log.read(TOPIC, 0, 0, 10)] == [
            (b"k", b"\x00\xff"),
            (None, b""),
            (b"", b"v"),
        ]

    def test_a_read_starts_at_its_offset_and_stops_at_its_limit(self, log: EventLog) -> None:
        """A read answers at most `limit` records, from the offset on, with partition and offset."""
        log.append(TOPIC, [record(number) for number in range(10)])

        stored = log.read(TOPIC, 0, 4, 3)

        assert [(each.partition, each.offset, each.value) for each in stored] == [
            (0, 4, b"fact 4"),
            (0, 5, b"fact 5"),
            (0, 6, b"fact 6"),
        ]

    def test_a_read_at_the_end_is_empty(self, log: EventLog) -> None:
        """At and after the end there is nothing, and nobody waits."""
        log.append(TOPIC, [record(1)])

        assert list(log.read(TOPIC, 0, 1, 10)) == []
        assert list(log.read(TOPIC, 1, 0, 10)) == []

    def test_a_read_stops_at_its_bytes(self, log: EventLog) -> None:
        """The values of one read add up to no more than `max_bytes`."""
        log.append(TOPIC, [Record(b"k", bytes(100), None, 0)] * 500)

        assert len(log.read(TOPIC, 0, 0, 500, max_bytes=1_050)) == 10

    def test_a_record_larger_than_the_bytes_still_comes(self, log: EventLog) -> None:
        """A reader gets past a record that is larger than it asked for."""
        log.append(TOPIC, [Record(b"k", bytes(100), None, 0)] * 2)

        assert len(log.read(TOPIC, 0, 0, 10, max_bytes=10)) == 1

    def test_end_offsets_name_every_partition(self, log: EventLog) -> None:
        """Each partition answers the offset that its next record will get."""
        log.append(TOPIC, [record(1), record(2, partition=2), record(3)])

        assert log.end_offsets(TOPIC) == {0: 2, 1: 0, 2: 1, 3: 0}

    def test_a_key_keeps_its_partition(self, log: EventLog) -> None:
        """All records of a key stand in one partition, the one that Kafka's murmur2 gives it."""
        receipts = log.append(TOPIC, [Record(b"foobar", b"1"), Record(b"foobar", b"2"), Record(b"21", b"3")])

        assert [receipt.partition for receipt in receipts] == [
            (-790332482 & 0x7FFFFFFF) % PARTITIONS,
            (-790332482 & 0x7FFFFFFF) % PARTITIONS,
            (-973932308 & 0x7FFFFFFF) % PARTITIONS,
        ]

    def test_an_identity_is_on_the_topic_once(self, log: EventLog) -> None:
        """A record whose identity is there adds nothing and is answered with where it stands."""
        log.append(TOPIC, [record(1), record(2, identity="register\n2")])

        [again] = log.append(TOPIC, [record(9, identity="register\n2", partition=1)])

        assert again == (0, 1, True)
        assert log.end_offsets(TOPIC) == {0: 2, 1: 0, 2: 0, 3: 0}

    def test_an_identity_counts_once_within_an_append(self, log: EventLog) -> None:
        """The second of two equal identities in one append is answered with the place of the first."""
        receipts = log.append(TOPIC, [record(1, identity="a\n1"), record(2), record(3, identity="a\n1")])

        assert receipts == [(0, 0, False), (0, 1, False), (0, 0, True)]

    def test_identities_with_different_sources_are_different(self, log: EventLog) -> None:
        """The same id from another source is another record."""
        identities = ["a\n1", "b\n1", "a\nb\n1", "1", "\n1"]

        receipts = log.append(TOPIC, [record(1, identity=identity) for identity in identities])

        assert [receipt.offset for receipt in receipts] == [0, 1, 2, 3, 4]

    def test_an_identity_belongs_to_its_topic(self, log: EventLog) -> None:
        """The same identity may stand on two topics."""
        log.create_topic("other", 1)
        log.append(TOPIC, [record(1, identity="a\n1")])

        [receipt] = log.append("other", [record(1, identity="a\n1")])

        assert receipt == (0, 0, False)

    def test_records_without_identity_are_never_duplicates(self, log: EventLog) -> None:
        """Two equal records without identity are two records."""
        receipts = log.append(TOPIC, [record(1), record(1)])

        assert [receipt.offset for receipt in receipts] == [0, 1]

    def test_an_append_of_nothing_is_nothing(self, log: EventLog) -> None:
        """An empty append is answered with no receipts."""
        assert list(log.append(TOPIC, [])) == []

    def test_an_append_with_a_wrong_partition_adds_nothing(self, log: EventLog) -> None:
        """When one record cannot stand, none of its append does."""
        with pytest.raises(LogError, match=f"no partition {PARTITIONS}"):
            log.append(TOPIC, [record(1), record(2, partition=PARTITIONS)])

        assert log.end_offsets(TOPIC) == dict.fromkeys(range(PARTITIONS), 0)

    def test_an_unknown_topic_is_refused_by_name(self, log: EventLog) -> None:
        """Appending to a topic that is not there says which one."""
        with pytest.raises(LogError, match="misspelt"):
            log.append("misspelt", [record(1)])

    def test_the_head_before_an_offset_is_that_of_the_record_before(self, log: EventLog) -> None:
        """`head(n)` is what the record n-1 carries, so a reader can tell that it continues where it stopped."""
        log.append(TOPIC, [record(number) for number in range(3)])

        stored = log.read(TOPIC, 0, 0, 3)

        assert [log.head(TOPIC, 0, offset) for offset in (1, 2, 3)] == [each.head for each in stored]

    def test_heads_depend_on_everything_before(self, log: EventLog) -> None:
        """Two partitions with one different record differ in every head from there on, and in the first head too."""
        log.append(TOPIC, [Record(b"k", b"a", None, 0), Record(b"k", b"x", None, 0), Record(b"k", b"a", None, 0)])
        log.append(TOPIC, [Record(b"k", b"a", None, 1), Record(b"k", b"y", None, 1), Record(b"k", b"a", None, 1)])

        heads = [{log.head(TOPIC, partition, offset) for offset in range(4)} for partition in (0, 1)]

        assert len(heads[0]) == len(heads[1]) == 4
        assert not heads[0] & heads[1]

    def test_a_head_beyond_the_end_is_refused(self, log: EventLog) -> None:
        """A head that is not there yet is an error, not a guess."""
        with pytest.raises(LogError, match="offset 1"):
            log.head(TOPIC, 0, 1)

    def test_verify_counts_the_records_of_every_topic(self, log: EventLog) -> None:
        """A sound log verifies, and says how much it holds."""
        log.create_topic("other", 1)
        log.append(TOPIC, [record(number, partition=number % PARTITIONS) for number in range(10)])

        assert log.verify() == {TOPIC: 10, "other": 0}

    def test_projections_that_agree_are_accepted(self, log: EventLog) -> None:
        """Heads noted earlier still hold after the log has grown."""
        log.append(TOPIC, [record(number) for number in range(5)])
        heads = {(TOPIC, 0): (3, log.head(TOPIC, 0, 3)), (TOPIC, 1): (0, log.head(TOPIC, 1, 0))}

        assert log.verify(expected_heads=heads) == {TOPIC: 5}

    @pytest.mark.parametrize(
        ("noted", "finding"),
        [((9, bytes(16)), "ends before offset 5.*4 are lost"), ((3, bytes(16)), "up to offset 2")],
    )
    def test_projections_that_disagree_stop(self, log: EventLog, noted: tuple[int, bytes], finding: str) -> None:
        """Projections that know more than the log, or other records, are told so with topic, partition and offset."""
        log.append(TOPIC, [record(number) for number in range(5)])

        with pytest.raises(CorruptLogError, match=rf"topic facts, partition 0 .*{finding}.*engagement rebuild"):
            log.verify(expected_heads={(TOPIC, 0): noted})
