"""Recordings once summarised wrongly, by kind: counted right, refused, or cautioned with the cause."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from imu_reps.cli.main import main

VARIABLE = "IMU_REPS_CASES"
FOLDER = os.environ.get(VARIABLE)


def cases() -> Iterator[Any]:
    """Yield each file with its expectation; without the folder, a skip with the reason."""
    if FOLDER is None:
        yield pytest.param(Path(), {}, marks=pytest.mark.skip(f"{VARIABLE} names no folder"), id="none")
        return
    for expected in sorted(Path(FOLDER).glob("*/expected.json")):
        for case in json.loads(expected.read_text(encoding="utf-8")):
            yield pytest.param(
                expected.parent / case["file"], case, id=f"{expected.parent.name}/{case['file']}"
            )


def evidence(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_a_known_fault_is_counted_right_refused_or_named(file: Path, case: dict[str, Any]) -> None:
    document = json.loads(evidence("report", "--json", str(file)).splitlines()[-1])
    words = " ".join([json.dumps(document), evidence("check", str(file)), evidence("report", str(file))])
    named = bool(case["names_one_of"]) and re.search(case["names_one_of"], words, re.IGNORECASE) is not None

    assert not case["must_not_say"] or case["must_not_say"].lower() not in words.lower()
    if "error" in document:
        assert named
    else:
        expected_count = 6 if case["reps"] == "refuse_or_right" else case["reps"]
        assert len(document["reps"]) == expected_count
        assert case["clean"] in (None, document["set"]["clean_count"])


@pytest.mark.parametrize(
    "file",
    sorted(Path(FOLDER).glob("16-*/*.gz"))
    if FOLDER
    else [pytest.param(None, marks=pytest.mark.skip(VARIABLE))],
    ids=lambda path: path.name if path else "none",
)
def test_numbers_out_of_range_end_in_the_right_count_or_one_hint(file: Path, tmp_path: Path) -> None:
    document = json.loads(evidence("report", "--json", str(file)).splitlines()[-1])
    if "error" in document:
        assert document["error"]["hint"]
    else:
        assert len(document["reps"]) == 6
    for command in (["check"], ["angles"], ["report", "--html", str(tmp_path / "page.html")]):
        assert evidence(*command, str(file))
