"""The house as a whole: which room imports which, and whether what is written twice agrees."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mailharvest.cli import cli
from mailharvest.job import HarvestJob
from mailharvest.spec import Fetch

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mailharvest"

# A room may import its own line and the lines above it.
ROOMS = (
    ("errors", "chunk", "reason", "config", "countries", "given", "refusal", "spec"),
    ("extract",),
    ("plan", "records", "forecast", "progress", "meter"),
    ("simweb",),
    ("web", "sources", "scrape"),
    ("queue",),
    ("cluster",),
    ("jobfile", "lists", "job"),
    ("ui",),
    ("observe", "run", "work", "top", "notebook"),
    ("__init__", "verbs", "cli", "__main__"),
)
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}

# What a room must not know at all.
STRANGERS = {
    "extract": {"aiohttp", "asyncio", "dask", "distributed", "pandas", "pyarrow", "sqlalchemy"},
    "plan": {"aiohttp", "asyncio", "dask", "distributed", "sqlalchemy"},
    "progress": {"aiohttp", "asyncio", "dask", "distributed", "sqlalchemy", "time", "datetime"},
    "meter": {"aiohttp", "asyncio", "dask", "distributed", "sqlalchemy", "time", "datetime"},
    "forecast": {"aiohttp", "asyncio", "dask", "distributed", "sqlalchemy", "time", "datetime"},
    "simweb": {"aiohttp", "dask", "distributed", "pandas", "sqlalchemy"},
    "web": {"dask", "distributed", "pandas", "sqlalchemy"},
    "sources": {"dask", "distributed", "pandas", "sqlalchemy"},
    "scrape": {"dask", "distributed", "pandas", "sqlalchemy"},
    "queue": {"aiohttp", "dask", "distributed"},
    "ui": {"aiohttp", "sqlalchemy"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(("mailharvest", *path.relative_to(PACKAGE).with_suffix("").parts))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it; what comes from a package by name too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            if node.module == "mailharvest":
                yield from (f"mailharvest.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_upwards(path):
    room = room_of(path)
    assert room in FLOOR, f"{room} has no place in ROOMS"
    for name in imports(path):
        if name.startswith("mailharvest."):
            other = name.split(".")[1]
            assert other in FLOOR, f"{other} has no place in ROOMS"
            assert FLOOR[other] <= FLOOR[room], f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) in STRANGERS], ids=name_of)
def test_a_room_knows_no_strangers(path):
    known = {name.split(".")[0] for name in imports(path)}
    assert not known & STRANGERS[room_of(path)]


def test_the_simulated_web_stands_alone():
    for path in (PACKAGE / "simweb").rglob("*.py"):
        ours = {name for name in imports(path) if name.startswith("mailharvest.")}
        assert all(re.match(r"mailharvest\.(simweb|errors)\b", name) for name in ours), path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1 or any(
        isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body
    )
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if "__all__" in p.read_text("utf-8")], ids=name_of
)
def test_what_a_module_exports_is_there(path):
    module = importlib.import_module(name_of(path).removesuffix(".__init__"))
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_all_that_is_public_is_exported():
    package = importlib.import_module("mailharvest")
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    public = {name for name in imported if not name.startswith("_")}
    assert public - {"TYPE_CHECKING", "Any"} <= set(package.__all__)


def test_tests_mirror_the_package():
    folders = {
        path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")
    }
    # What a person sees in a browser, and the scripts beside the package, are no room of it.
    for folder in folders - {Path("browser"), Path("benchmarks")}:
        assert (PACKAGE / folder).is_dir(), f"tests/{folder} is about no room"
    rooms = {path.parent.relative_to(PACKAGE) for path in MODULES if path.name != "__init__.py"}
    assert rooms <= folders, "a room without tests"


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def requirement(line: str) -> tuple[str, str]:
    """Name and lower bound: ``dask[dataframe]>=2026.3; …`` is dask, 2026.3."""
    match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", line)
    assert match, f"{line!r} has no lower bound"
    return match[1].lower(), match[2]


def test_environment_yml_is_in_step_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    (by_pip,) = (line["pip"] for line in environment["dependencies"] if isinstance(line, dict))
    assert f"python{project()['requires-python']}" in conda
    named = [
        line
        for line in [*conda, *by_pip]
        if line not in ("pip", "--editable .") and "python>" not in line
    ]
    assert sorted(map(requirement, named)) == sorted(map(requirement, project()["dependencies"]))
    with_marker = {line for line in project()["dependencies"] if ";" in line}
    assert {line for line in by_pip if line != "--editable ."} == with_marker


def test_what_is_imported_is_declared():
    """Otherwise it works here, and on nobody's fresh machine."""
    extras = project()["optional-dependencies"]
    lines = [*project()["dependencies"], *(line for group in extras.values() for line in group)]
    declared = {requirement(line)[0].replace("-", "_") for line in lines}
    of_those = {"numpy", "tornado", "pydantic_core", "IPython"}  # parts of what is declared
    optional = {"prometheus_client", "hyperscan"}  # used where they are; without them there is less
    known = declared - {"pyyaml"} | {"yaml"} | of_those | optional
    used = {name.split(".")[0] for path in MODULES for name in imports(path)}
    assert used - {"mailharvest"} - set(sys.stdlib_module_names) <= known


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)]


def test_the_readme_begins_with_the_two_commands_that_ci_runs():
    first, second, *_ = readme_commands()
    assert "\n" not in first
    assert "\n" not in second
    assert "venv" in first and "pip install" in first
    assert first.endswith("python -m mailharvest run examples/quickstart.yaml")
    assert "pytest" in second
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert 'bash -euxc "$(readme 1)"' in ci
    assert 'bash -euxc "$(readme 2)"' in ci


def test_the_readme_knows_every_key_of_a_job():
    text = (ROOT / "README.md").read_text("utf-8")
    reference = text.partition("## job.yaml")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", reference, re.M)
    named = {name for row in rows for name in re.findall(r"\w+", row)}
    assert named == set(HarvestJob.model_fields)
    (fetch,) = re.findall(r"^\| `fetch` \|.*$", reference, re.M)
    assert set(re.findall(r"`(\w+)`", fetch)) - {"fetch"} == set(Fetch.model_fields)


def test_the_jobs_of_the_readme_and_the_examples_are_jobs(tmp_path):
    text = (ROOT / "README.md").read_text("utf-8")
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, "utf-8")
        assert HarvestJob.from_yaml(path)
    for path in (ROOT / "examples").glob("*.yaml"):
        if path.name != "files.yaml":  # its pages are the reader's
            assert HarvestJob.from_yaml(path)


def test_the_readme_knows_every_verb():
    text = (ROOT / "README.md").read_text("utf-8")
    table = text.partition("## Command line")[2].partition("\n## ")[0]
    assert set(cli.commands) <= set(re.findall(r"\b[a-z]+\b", table))


def test_the_scripts_of_ci_can_be_run():
    for script in (ROOT / ".ci").iterdir():
        assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
