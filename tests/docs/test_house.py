"""The rules of the house that no linter knows: what is installed, what may stand in a file, how tests speak."""

import ast
import os
import re
import tokenize
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PYPROJECT["tool"]["setuptools"]["packages"]
NOT_OURS = {".cache", ".git", ".venv", "__pycache__", "data", "artefacts", "build", "dist", "node_modules"}
CACHES = ("_cache", ".egg-info", ".hypothesis")

MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|work|Users|mnt)/\w")
REGISTRY = re.compile(r"pypi\.org|python[h]osted|index[-_]url|find[-_]links|[/]simple/", re.IGNORECASE)
REASONED_NOQA = re.compile(r"# (ruff: )?noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \S")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve"}
CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
UNSAFE_CALLS = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}


def project_files() -> Iterator[Path]:
    """Every file that belongs to the project."""
    for folder, folders, files in os.walk(PROJECT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith(CACHES)]
        yield from (Path(folder, name) for name in files if name != ".env")


def python_files(*folders: str) -> list[Path]:
    """The Python files of the project, or of these folders."""
    places = tuple(PROJECT / folder for folder in folders) or (PROJECT,)
    return [
        path for path in project_files() if path.suffix == ".py" and any(path.is_relative_to(each) for each in places)
    ]


def found(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern occurs in the project's texts."""
    return [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:120]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1)
        if pattern.search(line)
    ]


def tree(path: Path) -> ast.Module:
    """A Python file as its syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({name.partition(".")[0] for name in PACKAGES}))
def test_an_import_name_has_one_owner(name: str) -> None:
    """No other installed distribution brings a package of the same name as one of ours."""
    assert set(packages_distributions().get(name, [])) == {"engagement"}


@pytest.mark.parametrize("name", ["tests", "test", "docs", "bench"])
def test_what_stands_beside_the_program_is_not_installed(name: str) -> None:
    """Tests, docs and benchmarks are not importable from the installed environment's packages."""
    assert "engagement" not in packages_distributions().get(name, [])
    assert name != "tests" or name not in packages_distributions()


def test_every_package_is_installed() -> None:
    """The exact list of packages in pyproject.toml has every package and subpackage of the house."""
    folders = {path.parent for path in python_files(*(name for name in PACKAGES if "." not in name))}

    assert {".".join(folder.relative_to(PROJECT).parts) for folder in folders} == set(PACKAGES)


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry address"])
def test_no_file_knows_the_machine_it_was_written_on(pattern: re.Pattern[str]) -> None:
    """No file names a path of one machine or the address of a package registry."""
    assert not found(pattern)


def test_constraints_pin_exact_versions_and_nothing_else() -> None:
    """Every line of constraints.txt is one name and one version, each name once."""
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [canonicalize_name(line.partition("==")[0]) for line in lines]

    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
    assert len(names) == len(set(names))


def requirements() -> list[Requirement]:
    """Everything that pyproject.toml asks for: to build, to run, and for the workshop."""
    asked = [
        *PYPROJECT["build-system"]["requires"],
        *PYPROJECT["project"]["dependencies"],
        *(each for group in PYPROJECT["dependency-groups"].values() for each in group),
        "pip>=25.1",
    ]
    return [Requirement(each) for each in asked]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_dependency_is_pinned_to_a_version_that_fits(requirement: Requirement) -> None:
    """What pyproject.toml asks for stands in constraints.txt, at a version that it accepts."""
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    version = pinned.get(canonicalize_name(requirement.name))

    assert version, f"constraints.txt has no line {requirement.name}==..."
    assert requirement.specifier.contains(Version(version))


def test_nothing_runs_code_that_came_as_data() -> None:
    """No module unpickles, evaluates text or loads YAML that can build any object."""
    unsafe = [
        f"{path.relative_to(PROJECT)}:{getattr(node, 'lineno', 0)}"
        for path in python_files()
        for node in ast.walk(tree(path))
        if unsafe_here(node)
    ]

    assert not unsafe


def unsafe_here(node: ast.AST) -> bool:
    """Whether a piece of syntax imports or calls something unsafe."""
    match node:
        case ast.Import(names=names):
            return any(each.name.partition(".")[0] in UNSAFE_MODULES for each in names)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] in UNSAFE_MODULES
        case ast.Call(func=function):
            return ast.unparse(function) in UNSAFE_CALLS
    return False


def test_the_domain_reads_no_clock() -> None:
    """No module of `learning` asks what time it is; whoever calls it says so."""
    asking = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in python_files("learning")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]

    assert not asking


def test_every_test_states_its_promise() -> None:
    """Every test function has a docstring: tests are the specification, and this is its text."""
    silent = [
        f"{path.relative_to(PROJECT)}: {node.name}"
        for path in python_files("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert not silent


def test_every_exception_to_a_rule_has_a_reason() -> None:
    """Every `noqa` names its rules and says why, after a hyphen."""
    unreasoned = [
        f"{path.relative_to(PROJECT)}:{line}: {comment}"
        for path in python_files()
        for line, comment in comments(path)
        if "noqa" in comment and not REASONED_NOQA.search(comment)
    ]

    assert not unreasoned


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """The comments of a Python file with their lines."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
