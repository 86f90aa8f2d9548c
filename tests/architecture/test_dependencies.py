"""Dependencies have upper bounds, and the lock file pins them within their bounds by hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: Run-time requirements; the tools of the tests may be of any later version.
EXTRAS = {
    name: requirements for name, requirements in PROJECT["optional-dependencies"].items() if name != "test"
}
RUNTIME = [Requirement(requirement) for requirement in sum(EXTRAS.values(), PROJECT["dependencies"])]
TESTS = [Requirement(requirement) for requirement in PROJECT["optional-dependencies"]["test"]]


def test_every_runtime_dependency_has_an_upper_bound() -> None:
    third_party = [requirement for requirement in RUNTIME if requirement.name != PROJECT["name"]]

    assert [
        str(requirement)
        for requirement in third_party
        if not any(part.operator == "<" for part in requirement.specifier)
    ] == []


def test_the_lock_file_pins_every_dependency_within_its_bounds_by_hash() -> None:
    locked = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)[^\n]*\\\n    --hash=sha256:", locked, re.MULTILINE)
    needed = [requirement for requirement in (*RUNTIME, *TESTS) if requirement.name != PROJECT["name"]]

    assert len(pins) == len(re.findall(r"^[\w.-]+==", locked, re.MULTILINE))
    for requirement in needed:
        versions = [version for name, version in pins if name == requirement.name]
        assert versions
        assert all(requirement.specifier.contains(version) for version in versions), requirement
