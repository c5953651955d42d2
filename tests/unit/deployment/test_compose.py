"""docker-compose.yml says what the code means: its settings, topics, commands, versions and addresses are those."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from engagement.settings import Settings
from projections.storage.places import Database
from tests.unit.deployment.compose import (
    COMPOSE_FILE,
    OURS,
    PROJECT,
    SERVICES,
    compose,
    engagement_settings,
    image_environment,
    parses,
)

every_service = pytest.mark.parametrize("name", SERVICES)
every_service_of_ours = pytest.mark.parametrize("name", OURS)


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    """Check a file by the Compose Specification's schema, which the tool brings along."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def settings_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the program reads in a service, those of the image included."""
    for variable, value in engagement_settings(image_environment() | SERVICES[name]["environment"]).items():
        monkeypatch.setenv(variable, value)
    return Settings(_env_file=None)


def kafka(name: str) -> str:
    """A setting of the broker."""
    return str(SERVICES["kafka"]["environment"][name])


def test_it_is_a_compose_file() -> None:
    """The file is what the Compose Specification's schema asks for."""
    ended = validate(COMPOSE_FILE)

    assert ended.returncode == 0, ended.stdout


def test_a_word_that_compose_does_not_know_would_be_found(tmp_path: Path) -> None:
    """The test above sees a key that is misspelt."""
    misspelt = tmp_path / "docker-compose.yml"
    misspelt.write_text(COMPOSE_FILE.read_text(encoding="utf-8").replace("restart:", "restrat:"), encoding="utf-8")

    assert validate(misspelt).returncode == 1


@every_service_of_ours
def test_its_settings_are_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ENGAGEMENT_ variable of a service is read by the program, accepted, and goes together with the others."""
    given = engagement_settings(SERVICES[name]["environment"])
    cluster = settings_of(name, monkeypatch).kafka_cluster()

    assert {each.removeprefix("ENGAGEMENT_").lower() for each in given} <= Settings.model_fields.keys()
    assert cluster.min_insync_replicas <= cluster.replication


@every_service_of_ours
def test_its_command_is_a_command(name: str) -> None:
    """What a service starts is a command of the program, with options that it has."""
    assert parses(SERVICES[name]["command"])


def test_a_command_that_does_not_exist_would_be_found() -> None:
    """The test above sees a wrong word, a wrong option, and a group without its command."""
    assert not parses(["workers"])
    assert not parses(["worker", "--until-done"])
    assert not parses(["import"])


def test_all_of_ours_are_told_the_same() -> None:
    """Whatever service makes the topics, imports or works has the same settings, files and rights."""
    [first, *others] = [
        {key: service.get(key) for key in ("build", "environment", "volumes", "read_only", "cap_drop", "security_opt")}
        for service in OURS.values()
    ]

    assert all(other == first for other in others)


def test_the_number_of_partitions_can_be_chosen() -> None:
    """Who moves a log with another number of partitions says so outside the file."""
    services = compose(ENGAGEMENT_PARTITIONS="7")["services"]

    assert services["topics"]["environment"]["ENGAGEMENT_PARTITIONS"] == 7


def test_the_broker_is_where_the_program_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address in the settings is one that Kafka listens on and tells its clients."""
    [server] = settings_of("worker", monkeypatch).kafka_cluster().servers
    host, port = server.split(":")
    advertised = dict(each.split("://") for each in kafka("KAFKA_ADVERTISED_LISTENERS").split(","))
    listening = dict(each.split("://") for each in kafka("KAFKA_LISTENERS").split(","))
    [listener] = [each for each, address in advertised.items() if address == server]

    assert host in SERVICES
    assert listening[listener] == f":{port}"


def test_the_broker_is_found_from_outside_the_containers() -> None:
    """The port that is open on the machine is the one that Kafka tells a client there, also where it was chosen."""
    broker = compose(KAFKA_PORT="19999")["services"]["kafka"]

    assert broker["ports"] == ["127.0.0.1:19999:9092"]
    assert "OUTSIDE://127.0.0.1:19999" in broker["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert "OUTSIDE://:9092" in broker["environment"]["KAFKA_LISTENERS"]


def test_no_more_copies_are_asked_for_than_there_are_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One broker keeps one copy of each topic, the consumer groups' included."""
    assert settings_of("topics", monkeypatch).replication == 1
    assert kafka("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR") == "1"


def test_nothing_is_acknowledged_that_is_not_on_the_disk() -> None:
    """The only copy is flushed with every append, and lies in a volume."""
    assert kafka("KAFKA_LOG_FLUSH_INTERVAL_MESSAGES") == "1"
    assert SERVICES["kafka"]["volumes"] == [f"kafka:{kafka('KAFKA_LOG_DIRS')}"]


def test_the_database_is_where_the_program_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, user, database and password of the settings are those that PostgreSQL is made with."""
    database = settings_of("worker", monkeypatch).database
    assert database is not None
    made = SERVICES["postgres"]["environment"]

    assert Database(database.get_secret_value()).options == {
        "host": "postgres",
        "user": made["POSTGRES_USER"],
        "dbname": made["POSTGRES_DB"],
    }
    assert SERVICES["worker"]["environment"]["PGPASSWORD"] == made["POSTGRES_PASSWORD"]


def test_a_password_is_given_once_and_may_have_any_character() -> None:
    """The password that a person chooses reaches server and program as it is, for it is part of no address."""
    chosen = "p@ss/w:rd"
    services = compose(POSTGRES_PASSWORD=chosen)["services"]

    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == chosen
    assert services["worker"]["environment"]["PGPASSWORD"] == chosen


def test_the_servers_are_those_of_the_tests() -> None:
    """Kafka is the version that the server tests run, PostgreSQL one that they accept."""
    tested = re.search(r"<kafka.version>(.*)</", (PROJECT / "tests/servers/pom.xml").read_text(encoding="utf-8"))
    image, _, major = SERVICES["postgres"]["image"].partition(":")

    assert tested
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{tested[1]}"
    assert image == "postgres"
    assert int(major) >= 15


@every_service
def test_every_image_has_a_version(name: str) -> None:
    """No image is whatever is newest on the day: it has a version, or is built from this folder."""
    image = SERVICES[name].get("image", "built:1")

    assert re.search(r":v?\d", image)


@every_service
def test_no_port_is_open_to_the_network(name: str) -> None:
    """Whatever listens on the machine does so for the machine only."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_there_may_be_many_workers() -> None:
    """Nothing of a worker is there once only: no name, and no port of the machine."""
    assert not {"container_name", "ports", "hostname"} & SERVICES["worker"].keys()


def test_workers_read_programmes_and_policies_and_write_none() -> None:
    """All workers measure by the same files of the data folder, which no container can change."""
    data_dir = image_environment()["ENGAGEMENT_DATA_DIR"]
    mounted = SERVICES["worker"]["volumes"]

    assert {f"./data/{each}:{data_dir}/{each}:ro" for each in ("programmes", "policies", "registers")} < set(mounted)


def test_work_begins_when_there_is_something_to_work_on() -> None:
    """A worker waits for both servers and for the topics; these wait for Kafka."""
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert SERVICES["worker"]["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "postgres": {"condition": "service_healthy"},
        "topics": {"condition": "service_completed_successfully"},
    }


def test_who_is_waited_for_says_when_it_is_ready() -> None:
    """Every service whose health is waited for has a check, and one that ends by itself has none and stays ended."""
    waits = [wait for service in OURS.values() for wait in service["depends_on"].items()]
    awaited = {name for name, wait in waits if wait["condition"] == "service_healthy"}

    assert all(SERVICES[name]["healthcheck"]["test"][0] == "CMD" for name in awaited)
    assert SERVICES["topics"]["healthcheck"] == {"disable": True}
    assert SERVICES["topics"]["restart"] == "no"


def test_a_worker_that_ends_comes_back() -> None:
    """A worker that ended itself because it stood still, or was killed, is started again."""
    assert SERVICES["worker"]["restart"] == "unless-stopped"
    assert "healthcheck" not in SERVICES["worker"]


def test_every_volume_is_declared() -> None:
    """Named volumes are declared, so that what is in them outlives the containers."""
    mounted: list[Any] = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert {each.partition(":")[0] for each in mounted if not each.startswith(".")} == set(compose()["volumes"])


def test_no_secret_stands_in_the_file() -> None:
    """The only password in the file says itself that it is to be changed."""
    text = COMPOSE_FILE.read_text(encoding="utf-8")

    assert re.findall(r"PASSWORD:-([^}]*)", text) == ["change-me"]
    assert all(urlsplit(each).password is None for each in re.findall(r"\w+://\S+", text))
