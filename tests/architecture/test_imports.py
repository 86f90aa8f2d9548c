"""Dependencies point one way, and only the edge touches the world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "imu_reps"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Which packages of the project each package may import; each may import itself and the errors.
ALLOWED = {
    "domain": set(),
    "kinematics": {"domain"},
    "analysis": {"domain", "kinematics"},
    "coaching": {"domain"},
    "advice": {"domain"},
    "sensors": {"domain"},
    "storage": {"domain"},
    "report": {"domain"},
    "sim": {"domain", "sensors"},
    "sources": {"domain", "sensors", "sim", "storage"},
    "session": {"domain", "analysis", "coaching", "sensors", "sources", "storage"},
    "setup": {"domain", "kinematics", "analysis", "sensors", "sources", "storage"},
    "view": {"domain", "sensors", "session"},
    "web": {"domain", "analysis", "report", "session", "view"},
}
LOWER = set(ALLOWED)
#: The one module that speaks to the computer's Bluetooth, and the one that stands in for it.
USERS_OF_BLEAK = {"sensors/ble.py", "sim/radio/bleak_backend.py"}


def imported(module: Path) -> Iterator[str]:
    """Full names of everything a module imports, also inside functions; relative imports made absolute."""
    package = (PACKAGE.name, *module.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (base, node.module or "") if part)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def home(name: str) -> str | None:
    """The package of the project that a full name lies in; None outside the project."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return None
    return parts[1] if len(parts) > 1 else ""


def relative(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("module", [m for m in MODULES if m.parent != PACKAGE], ids=relative)
def test_a_package_imports_only_what_lies_below_it(module: Path) -> None:
    package = module.relative_to(PACKAGE).parts[0]
    allowed = ALLOWED.get(package, LOWER) | {package, "errors", "__version__"}
    homes = {home(name) for name in imported(module)} - {None}

    assert homes <= allowed


def test_no_package_lies_below_itself() -> None:
    below = {name: set(packages) for name, packages in ALLOWED.items()}
    for _ in ALLOWED:
        below = {name: direct.union(*(below[one] for one in direct)) for name, direct in below.items()}

    assert [name for name, packages in below.items() if name in packages] == []


def test_errors_stand_alone() -> None:
    assert {name.split(".")[0] for name in imported(PACKAGE / "errors.py")} <= {"__future__"}


@pytest.mark.parametrize("module", sorted((PACKAGE / "domain").glob("*.py")), ids=relative)
def test_domain_imports_numpy_and_the_standard_library_only(module: Path) -> None:
    foreign = {name.split(".")[0] for name in imported(module)} - {PACKAGE.name, "numpy"}

    assert foreign <= sys.stdlib_module_names


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_only_the_radio_imports_bleak(module: Path) -> None:
    users = "bleak" in {name.split(".")[0] for name in imported(module)}

    assert not users or relative(module) in USERS_OF_BLEAK


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_only_the_virtual_sensors_import_bumble(module: Path) -> None:
    users = "bumble" in {name.split(".")[0] for name in imported(module)}

    assert not users or relative(module).startswith("sim/radio/")


@pytest.mark.parametrize("module", sorted((PACKAGE / "sensors/families").glob("*.py")), ids=relative)
def test_sensor_families_know_no_radio(module: Path) -> None:
    roots = {name.split(".")[0] for name in imported(module)}

    assert not roots & {"asyncio", "time", "socket", "os", "bleak", "bumble"}


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_only_the_command_line_prints(module: Path) -> None:
    calls = [
        node.func for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    prints = any(isinstance(call, ast.Name) and call.id == "print" for call in calls)
    echoes = "click" in {name.split(".")[0] for name in imported(module)}

    assert not (prints or echoes) or relative(module).startswith("cli/")


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_nothing_below_the_edge_reads_a_clock_or_knows_asyncio(module: Path) -> None:
    if relative(module).split("/")[0] in {"domain", "kinematics", "analysis", "coaching", "advice", "report"}:
        names = set(imported(module)) - {"io.StringIO"}  # text in memory
        roots = {name.split(".")[0] for name in names}

        assert not roots & {"time", "asyncio", "os", "io", "pathlib", "socket", "subprocess"}
