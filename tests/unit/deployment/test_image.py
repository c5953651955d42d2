"""The image: what goes into it, who runs in it, and how it is told whether it is well."""

import re
import subprocess
import sys
import tomllib
from http import HTTPStatus

import pytest
from packaging.specifiers import SpecifierSet

from engagement.settings import Settings
from stream_processors.watching.monitor import Monitor
from stream_processors.watching.pages import Answer, ProbeServer
from tests.unit.deployment.compose import (
    PROJECT,
    dockerfile,
    engagement_settings,
    exec_form,
    image_environment,
    last,
    parses,
    without_settings,
)

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def health_check(port: int) -> int:
    """Run the image's health check against a port of this machine; answer its exit code."""
    program, *arguments = exec_form("HEALTHCHECK")
    assert program == "python"
    environment = without_settings() | image_environment() | {"ENGAGEMENT_PROBE_PORT": str(port)}
    ended = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False, timeout=30)
    return ended.returncode


def test_only_the_program_goes_into_the_image() -> None:
    """What is sent to the builder is every package of the program and what installs it, and nothing else."""
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    everything, *exceptions = [line for line in lines if line and not line.startswith("#")]
    packages = {name.partition(".")[0] for name in PYPROJECT["tool"]["setuptools"]["packages"]}

    assert everything == "*"
    assert {line.removeprefix("!") for line in exceptions if line.startswith("!")} == packages | {
        "pyproject.toml",
        "constraints.txt",
        PYPROJECT["project"]["readme"],
    }


def test_all_that_is_sent_is_installed() -> None:
    """The build stage takes everything that .dockerignore lets through, and installs it."""
    [build] = [rest for name, rest in dockerfile() if name == "RUN" and " install " in rest and "venv" in rest]

    assert ("COPY", ". .") in dockerfile()
    assert build.endswith(" .")


def test_every_installation_is_pinned() -> None:
    """Whatever pip installs, also to build the program, has the version that constraints.txt says."""
    installations = [
        step
        for name, rest in dockerfile()
        if name == "RUN"
        for step in rest.split("&&")
        if re.search(r"pip .*install", step)
    ]

    assert len(installations) == 2
    assert all(" --constraint constraints.txt" in step for step in installations)
    assert " --build-constraint constraints.txt" in installations[-1]


def test_the_program_does_not_run_as_root() -> None:
    """The user is a number other than 0, so that an orchestrator can check it; the number exists and owns the data."""
    user, group = last("USER").split(":")
    making = next(rest for name, rest in dockerfile() if name == "RUN" and "useradd" in rest)

    assert int(user) > 0
    assert int(group) > 0
    assert f"--uid {user} --user-group" in making
    assert "--owner=engagement --group=engagement /data" in making


def test_both_stages_have_the_same_python_and_one_that_fits() -> None:
    """The environment is built by the very Python that runs it, which is one that the program takes."""
    [base] = {rest.partition(" ")[0] for name, rest in dockerfile() if name == "FROM"}
    version = re.fullmatch(r"python:([\d.]+)-slim", base)

    assert version
    assert version[1] in SpecifierSet(PYPROJECT["project"]["requires-python"])


def test_the_environment_is_found() -> None:
    """The environment that is copied into the image stands first on its path."""
    stage, source, target = last("COPY").split()

    assert stage == "--from=build"
    assert source == target
    assert image_environment()["PATH"].split(":")[0] == f"{target}/bin"


def test_the_settings_of_the_image_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ENGAGEMENT_ variable that the image sets is read, and has a value that is accepted."""
    given = engagement_settings(image_environment())
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)

    assert {name.removeprefix("ENGAGEMENT_").lower() for name in given} <= Settings.model_fields.keys()
    assert settings.data_dir.is_absolute()
    assert settings.probe_port


def test_what_is_kept_is_in_a_volume() -> None:
    """The data folder of the image is a volume, so that it outlives a container."""
    assert image_environment()["ENGAGEMENT_DATA_DIR"] == last("VOLUME") == last("WORKDIR")


def test_without_a_command_it_is_a_worker() -> None:
    """The image starts the program itself, not a shell, so that SIGTERM reaches it; by default it is a worker."""
    [program] = exec_form("ENTRYPOINT")

    assert program in PYPROJECT["project"]["scripts"]
    assert exec_form("CMD") == ["worker"]
    assert parses(exec_form("CMD"))


def test_a_healthy_worker_passes_the_health_check() -> None:
    """The health check asks a worker's own probe, and is content while the worker gets on."""
    with Monitor(lambda _: None, port=0) as monitor:
        assert monitor.port
        assert health_check(monitor.port) == 0


def test_a_worker_that_stands_still_fails_the_health_check() -> None:
    """The health check fails when the probe says that the worker does not get on."""
    probe = ProbeServer(
        "127.0.0.1", 0, {"/healthz": lambda _: Answer(b"It stands still.\n", HTTPStatus.SERVICE_UNAVAILABLE)}
    )
    try:
        assert health_check(probe.port) != 0
    finally:
        probe.close()


def test_a_worker_that_does_not_answer_fails_the_health_check() -> None:
    """The health check fails when nobody listens on the probe's port."""
    probe = ProbeServer("127.0.0.1", 0, {})
    probe.close()

    assert health_check(probe.port) != 0
