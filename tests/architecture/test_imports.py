"""Dependencies point one way, and only the outer packages have side effects."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from graphlib import TopologicalSorter

import house
import pytest

#: Packages of the project that each package may import, in addition to itself and the errors.
ALLOWED = {
    "domain": set(),
    "kinematics": {"domain"},
    "quality": {"domain", "kinematics"},
    "analysis": {"domain", "kinematics", "quality"},
    "coaching": {"domain"},
    "advice": {"domain"},
    "sensors": {"domain"},
    "storage": {"domain"},
    "importers": {"domain", "kinematics"},
    "report": {"domain"},
    "sim": {"domain", "sensors"},
    "sources": {"domain", "sensors", "sim", "storage"},
    "session": {"domain", "analysis", "coaching", "sensors", "sources", "storage"},
    "setup": {"domain", "kinematics", "quality", "analysis", "sensors", "sources", "storage"},
    "view": {"domain", "report", "sensors", "session"},
    "web": {"domain", "analysis", "report", "session", "view"},
    "fleet": {"domain", "analysis", "report", "storage"},
}
PURE = ("domain", "kinematics", "quality", "analysis", "coaching", "advice", "report", "importers")
SIDE_EFFECTS = {"time", "asyncio", "os", "io", "pathlib", "socket", "subprocess"}

#: The only modules that may import a library: the computer's Bluetooth, the virtual radio, the command line.
PERMITTED = {
    "bleak": ("sensors.ble", "sim.radio.bleak_backend"),
    "bumble": ("sim.radio",),
    "click": ("cli",),
}


@pytest.fixture(scope="module")
def modules() -> list[house.Module]:
    """Every module of the package, parsed."""
    return house.modules()


def within(module: house.Module, *places: str) -> bool:
    """Return whether a module is one of these modules of the package, or inside one of them."""
    name = module.name.removeprefix("imu_reps.")
    return any(name == place or name.startswith(f"{place}.") for place in places)


def roots(module: house.Module) -> set[str]:
    """Return top-level names that a module imports from outside; text and bytes in memory are not files."""
    return {name.split(".")[0] for name in house.imported(module) - {"io.StringIO", "io.BytesIO"}}


def imported_packages(module: house.Module) -> set[str]:
    """Return packages of the project that a module imports from."""
    names = (name.split(".") for name in house.imported(module))
    return {parts[1] for parts in names if parts[0] == "imu_reps" and len(parts) > 1}


def offending(module: house.Module, found: set[str]) -> Iterator[str]:
    yield from (f"{module.name}: {name}" for name in sorted(found))


def test_a_package_imports_only_packages_below_it(modules: list[house.Module]) -> None:
    below = {
        package: imported_packages | {package, "errors", "__version__"}
        for package, imported_packages in ALLOWED.items()
    }
    assert not [
        wrong
        for module in modules
        for package in module.name.split(".")[1:2]
        if package in below
        for wrong in offending(module, imported_packages(module) - below[package])
    ]


def test_every_package_below_the_command_line_has_a_rule() -> None:
    packages = {path.name for path in house.PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert packages - {"cli"} <= set(ALLOWED)


def test_no_package_depends_on_itself_indirectly() -> None:
    below = {name: set(packages) for name, packages in ALLOWED.items()}
    for _ in ALLOWED:
        below = {
            name: direct.union(*(below[dependency] for dependency in direct))
            for name, direct in below.items()
        }

    assert [name for name, packages in below.items() if name in packages] == []


def test_no_module_imports_itself_indirectly(modules: list[house.Module]) -> None:
    """Imports inside functions and for types alone happen later, or never."""
    names = {module.name for module in modules}
    at_import = {
        module.name: house.imported(
            replace(
                module,
                tree=ast.Module(
                    [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
                ),
            )
        )
        for module in modules
    }
    graph = {
        name: {target if target in names else target.rpartition(".")[0] for target in targets} - {name}
        for name, targets in at_import.items()
    }

    TopologicalSorter(graph).prepare()  # raises CycleError, with the cycle


def test_domain_and_errors_import_numpy_and_the_standard_library_only(modules: list[house.Module]) -> None:
    """Pandas is allowed where angles are returned as a table."""
    allowed = {*sys.stdlib_module_names, "numpy", "imu_reps"}
    assert not [
        wrong
        for module in modules
        if within(module, "domain", "errors")
        for wrong in offending(
            module, roots(module) - allowed - ({"pandas"} if within(module, "domain.track") else set())
        )
    ]


@pytest.mark.parametrize("library", PERMITTED)
def test_a_library_for_outside_interfaces_is_imported_only_where_permitted(
    modules: list[house.Module], library: str
) -> None:
    assert not [
        module.name
        for module in modules
        if library in roots(module) and not within(module, *PERMITTED[library])
    ]


def test_pure_packages_do_not_import_clocks_files_or_asyncio(modules: list[house.Module]) -> None:
    pure = [module for module in modules if within(module, *PURE)]

    assert not [wrong for module in pure for wrong in offending(module, roots(module) & SIDE_EFFECTS)]


def test_sensor_families_import_neither_radio_nor_clock(modules: list[house.Module]) -> None:
    families = [module for module in modules if within(module, "sensors.families")]

    assert families
    assert not [
        wrong
        for module in families
        for wrong in offending(module, roots(module) & {*SIDE_EFFECTS, *PERMITTED})
    ]


def test_only_the_command_line_prints(modules: list[house.Module]) -> None:
    assert not [
        module.name
        for module in modules
        if not within(module, "cli")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
