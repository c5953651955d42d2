"""A disk that refuses in the middle of the work: whoever works says so in one sentence and ends; nothing is lost."""

from pathlib import Path
from textwrap import dedent

from eventlog.facts import FACTS_TOPIC, start_day
from learning.events import encode
from producers.publisher import publish
from tests.fact_lives import LAST_DAY, lives, own_programmes
from tests.faults_kit import NOW, Process, assert_exact, facts_on, open_log, processed, work

_WITH_LITTLE_ROOM = dedent(
    """
    import resource, sys
    from engagement.__main__ import main

    resource.setrlimit(resource.RLIMIT_FSIZE, [int(sys.argv.pop(1))] * 2)
    main()
    """
)


def test_a_worker_whose_disk_refuses_says_so_in_one_sentence(tmp_path: Path) -> None:
    """Exit code 1, one sentence with the remedy and no traceback; with room again, the next worker goes on exactly."""
    facts = lives(seed=9, facts=1_200, curriculum=own_programmes(tmp_path))
    with open_log(tmp_path) as log:
        publish(log, facts, now=NOW)
        start_day(log, LAST_DAY, NOW)
        on_the_log = sum(log.end_offsets(FACTS_TOPIC).values())

    with Process(tmp_path, "-c", _WITH_LITTLE_ROOM, "400000", "worker") as worker:
        assert worker.ended() == 1
        [sentence] = worker.complained().splitlines()
    assert "store-000001.db could not be read or written: the disk refused" in sentence
    assert sentence.endswith("and try again.")
    assert 0 < processed(tmp_path) < on_the_log

    work(tmp_path)
    assert_exact(tmp_path, LAST_DAY)


def test_an_import_whose_disk_refuses_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """Exit code 1 and one sentence, which says how many facts are on the log; with room again, the rest follows."""
    facts = lives(seed=10, facts=4_800, curriculum=own_programmes(tmp_path))
    lines = tmp_path / "facts.jsonl"
    lines.write_bytes(b"".join(encode(fact) + b"\n" for fact in facts))

    with Process(tmp_path, "-c", _WITH_LITTLE_ROOM, "1500000", "import", "events", lines) as importing:
        assert importing.ended() == 1
        [sentence] = importing.complained().splitlines()
    assert "log.db could not be written: the disk refused" in sentence
    with open_log(tmp_path) as log:
        on_log = facts_on(log)
    assert 0 < len(on_log) < len(facts)
    assert f"Before that, {len(on_log):,} facts were acknowledged and are on the log." in sentence

    with Process(tmp_path, "-m", "engagement", "import", "events", lines) as importing:
        assert importing.ended() == 0, importing.complained()
    with open_log(tmp_path) as log:
        start_day(log, LAST_DAY, NOW)
        assert sorted(id_ for id_, _ in facts_on(log)) == sorted(fact.id for fact in facts)
    work(tmp_path)
    assert_exact(tmp_path, LAST_DAY)
