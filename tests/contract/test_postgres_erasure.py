"""A person is erased from PostgreSQL as from files: no row of any schema tells who it was, and every total stays."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.command_line import Cli
from tests.erasure_kit import ENROLMENT, PARTICIPANT, TEXTS, Canary, holding

_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
"""


def tables_with(url: str, *texts: str) -> set[str]:
    """The tables that have one of the texts in a row, by the schema without its number and the name."""
    found = set()
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))).fetchall()
            if any(text in repr(rows) for text in texts):
                found.add(f"{schema.rstrip('0123456789_')}.{table}")
    return found


def test_nothing_of_a_person_is_left(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts in no row, the id in the list of who was erased and the audit trail only; a rebuild changes none of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("ENGAGEMENT_DATABASE", postgres_url)
    monkeypatch.setenv("ENGAGEMENT_DAY_CLOCK", "false")
    cli = Cli(tmp_path / "data")

    def process() -> None:
        assert cli("worker", "--until-caught-up").code == 0

    canary = Canary(cli, process)
    canary.prepare()
    before = canary.figures()
    assert tables_with(postgres_url, *TEXTS) == {"registry.person"}

    canary.erase()

    for after in ("", "rebuild"):
        assert not after or cli(after).code == 0
        assert tables_with(postgres_url, *TEXTS) == set()
        assert tables_with(postgres_url, PARTICIPANT) == {"registry.erasure", "registry.audit"}
        assert holding(cli.folder, *TEXTS) == set()
        assert canary.figures() == before
        assert not any(canary.named().values())
        assert ENROLMENT not in canary.waiting()
