"""Print figures of the package: lengths, complexity, duplicate names, and how many files a call enters.

``python tests/architecture/house.py [--walks]``
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "imu_reps"

#: A set whose path through the package is followed, and the number of samples per block.
EXAMPLE, BLOCK = ROOT / "recordings" / "clean.csv", 5

#: Minimum number of lines for which a module imported by exactly one other is worth its own file.
OWN_FILE_LINES = 60


@dataclass(frozen=True, slots=True)
class Module:
    """One module: name, path, number of lines and syntax tree."""

    name: str
    path: Path
    lines: int
    tree: ast.Module


def modules() -> list[Module]:
    """Return every module of the package, `__init__` named as its package; examples are documentation."""
    found = []
    for path in sorted(set(PACKAGE.rglob("*.py")) - set((PACKAGE / "docs").rglob("*.py"))):
        parts = path.relative_to(ROOT).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, text.count("\n"), ast.parse(text)))
    return found


def imported(module: Module) -> set[str]:
    """Return full names of everything a module imports, also inside functions; relative ones resolved."""
    package = module.name.split(".") if module.path.stem == "__init__" else module.name.split(".")[:-1]
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (base, node.module or "") if part)
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return found


def splinters(house: list[Module]) -> list[str]:
    """Return modules under `OWN_FILE_LINES` lines that exactly one other imports."""
    names = {module.name for module in house}
    importers: Counter[str] = Counter()
    for module in house:
        targets = {name if name in names else name.rpartition(".")[0] for name in imported(module)}
        importers.update(targets & names - {module.name})
    return [
        module.name
        for module in house
        if importers[module.name] == 1 and module.lines < OWN_FILE_LINES and module.path.stem != "__init__"
    ]


def function_lengths(house: list[Module]) -> list[int]:
    """Return the number of lines of every function, without docstring and decorators."""
    found = []
    for module in house:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                found.append(body[-1].end_lineno - body[0].lineno + 1 if body else 1)  # type: ignore[operator]
    return found


def complexities() -> list[int]:
    """Return McCabe's complexity of every function, as measured by ruff."""
    rule = ["--isolated", "--select", "C901", "--config", "lint.mccabe.max-complexity=0"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rule, "--output-format", "json", str(PACKAGE)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(violation["message"].split("(")[1].split()[0]) for violation in json.loads(done.stdout)]


def numeric_constants(house: list[Module]) -> list[str]:
    """Return module constants whose value is written in numbers."""
    found = []
    for module in house:
        for node in module.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _is_number(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found += [f"{module.name}.{target.id}" for target in targets if isinstance(target, ast.Name)]
    return found


def _is_number(value: ast.expr | None) -> bool:
    if isinstance(value, ast.UnaryOp | ast.BinOp):
        return all(_is_number(part) for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr))
    return isinstance(value, ast.Constant) and type(value.value) in (int, float)


def duplicates(names: Iterator[str]) -> list[str]:
    """Return names that occur more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def class_names(house: list[Module]) -> list[str]:
    """Return class names that occur more than once."""
    return duplicates(
        node.name for module in house for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)
    )


def module_names(house: list[Module]) -> list[str]:
    """Return module names that occur more than once, packages excluded."""
    return duplicates(module.path.stem for module in house if module.path.stem != "__init__")


def files_entered(walk: Callable[[], object]) -> list[str]:
    """Return files of the package in which a function is called while `walk` runs."""
    entered: set[str] = set()

    def record_call(frame, event, _argument):  # type: ignore[no-untyped-def]
        # bodies of modules and classes run too, when they are imported, but are no functions
        if event == "call" and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            entered.add(frame.f_code.co_filename)

    sys.setprofile(record_call)
    try:
        walk()
    finally:
        sys.setprofile(None)
    return sorted(path for path in entered if path.startswith(f"{PACKAGE}/"))


def block_that_completes_a_rep() -> list[str]:
    """Return files entered by the block of a running set that completes its third repetition."""
    from imu_reps import Pipeline, load
    from imu_reps.domain.events import RepCompleted

    recording = load(EXAMPLE)
    pipeline, completed = Pipeline(recording.header), 0
    blocks = [block for block in (recording.pelvis, recording.ankle) if block is not None]
    for start in range(0, max(map(len, blocks)), BLOCK):
        events: list[object] = []
        pushed = [block[start : start + BLOCK] for block in blocks]
        entered = files_entered(lambda pushed=pushed, events=events: events.extend(pipeline.push(*pushed)))  # type: ignore[misc]
        completed += sum(isinstance(event, RepCompleted) for event in events)
        if completed == 3:
            return entered
    raise AssertionError("the example has too few repetitions")


def report_of_a_file() -> list[str]:
    """Return files entered by `imu-reps report FILE`."""
    from click.testing import CliRunner

    from imu_reps.cli.main import main

    return files_entered(lambda: CliRunner().invoke(main, ["report", str(EXAMPLE)]))


def figures(house: list[Module]) -> dict[str, object]:
    """Return every figure of the package that can be had without running it."""
    lengths, cuts = function_lengths(house), complexities()
    return {
        "lines": sum(module.lines for module in house),
        "modules": len(house),
        "module median": median(module.lines for module in house if module.lines > 1),
        "function median": median(lengths),
        "function p90": quantiles(lengths, n=10)[-1],
        "cyclomatic p95": quantiles(cuts, n=20)[-1],
        "class names twice": class_names(house),
        "module names twice": module_names(house),
        f"under {OWN_FILE_LINES} lines with one importer": splinters(house),
        "numeric constants": len(numeric_constants(house)),
    }


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--walks", action="store_true", help="also count files that are entered")
    arguments = options.parse_args()
    for name, value in figures(modules()).items():
        print(f"{name}: {value}")
    if arguments.walks:
        print(f"files entered by a block that completes a rep: {len(block_that_completes_a_rep())}")
        print(f"files entered by report: {len(report_of_a_file())}")


if __name__ == "__main__":
    main()
