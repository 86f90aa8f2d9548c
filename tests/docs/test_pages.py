"""The pages of the documentation: references to them are valid, and they name what the code contains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import thresholds_page
from click.testing import CliRunner

from imu_reps import Rep
from imu_reps.cli.main import COMMANDS, main
from imu_reps.domain.exercise import EXERCISES
from imu_reps.domain.summary import RecordingSummary, SensorSummary, SetSummary, Summary
from imu_reps.sensors.families import FAMILIES, UNFIT
from imu_reps.storage.recording.format import COLUMNS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "imu_reps" / "docs"
NAMES = sorted(page.stem for page in PAGES.glob("*.md"))

#: References to a page: `docs/PAGE.md`, or `PAGE.md` on another page, with an optional heading.
REFERENCE = re.compile(r"\bdocs/([a-z-]+)\.md(?:#([\w-]+))?")
ON_A_PAGE = re.compile(r"`([a-z-]+)\.md(?:#([\w-]+))?`")


def text_of(page: str) -> str:
    return (PAGES / f"{page}.md").read_text(encoding="utf-8")


def headings(page: str) -> set[str]:
    """Return the headings of a page in the form of anchors: lower case, words joined by hyphens."""
    found = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


def sources() -> Iterator[Path]:
    for folder in ("imu_reps", "tests", "firmware_notes", ".github"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".js", ".html", ".toml", ".h"):
                yield path
    yield from (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "pyproject.toml")


def references() -> Iterator[tuple[str, str, str]]:
    """Yield the place of each reference, its page, and its heading or an empty string."""
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found = REFERENCE.findall(text) + (ON_A_PAGE.findall(text) if path.parent == PAGES else [])
        yield from ((path.relative_to(ROOT).as_posix(), page, heading) for page, heading in found)


def test_every_reference_finds_its_page_and_heading() -> None:
    found = list(references())

    assert len(found) > 40
    assert not [
        (where, page, heading)
        for where, page, heading in found
        if page not in NAMES or (heading and heading not in headings(page))
    ]


def test_no_code_mentions_the_definitions_without_naming_their_page() -> None:
    """Words cannot be looked up on a page that is not named."""
    loose = re.compile(r"(?<!docs/)\bdefinitions\b(?!\.md)|clinical.reference", re.IGNORECASE)

    assert not [
        (path.name, line)
        for path in sorted((ROOT / "imu_reps").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if loose.search(line)
    ]


@pytest.mark.parametrize("page", NAMES)
def test_a_page_begins_with_its_title_and_one_line(page: str) -> None:
    title, empty, gist, also_empty = text_of(page).splitlines()[:4]

    assert title.startswith("# ")
    assert (empty, also_empty) == ("", "")
    assert gist.endswith(".")
    assert len(gist) <= 120


@pytest.mark.parametrize("page", NAMES)
def test_links_and_pictures_exist(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", text_of(page))

    assert not [name for name in targets if "://" not in name and not (PAGES / name).exists()]


def test_the_list_of_pages_has_a_line_for_each() -> None:
    lines = CliRunner().invoke(main, ["docs"]).output.splitlines()

    assert [line.split()[0] for line in lines[: len(NAMES)]] == NAMES
    assert str(PAGES) in lines[-1]


@pytest.mark.parametrize("name", ["thresholds", "thresholds.md"])
def test_a_page_is_printed_unchanged_where_it_is_not_formatted(name: str) -> None:
    assert CliRunner().invoke(main, ["docs", name]).output == text_of("thresholds")


def test_a_picture_is_printed_as_its_text_and_its_path() -> None:
    output = CliRunner().invoke(main, ["docs", "architecture"]).output

    assert "Picture: The way of the samples" in output
    assert str(PAGES / "architecture.svg") in output


def test_a_missing_page_is_answered_with_the_existing_ones() -> None:
    result = CliRunner().invoke(main, ["docs", "definition"])

    assert result.exit_code == 2
    assert "no page 'definition'" in result.output
    assert all(name in result.output for name in NAMES)


def test_a_part_is_printed_as_pages_refer_to_it_and_names_need_no_capitals() -> None:
    part = CliRunner().invoke(main, ["docs", "definitions.md#tempo"]).stdout
    missing = CliRunner().invoke(main, ["docs", "DEFINITIONS#tmpo"])

    assert part.startswith("## Tempo\n")
    assert part.rstrip("\n") in text_of("definitions")
    assert "\n## " not in part
    assert missing.exit_code == 2
    assert "Did you mean 'tempo'?" in missing.stderr


def test_thresholds_equal_those_of_the_code() -> None:
    assert text_of("thresholds") == thresholds_page.page(thresholds_page.stored_sensitivity()), (
        "run python tests/accuracy/thresholds_page.py"
    )


def test_every_dataclass_of_parameters_is_on_the_page_of_thresholds() -> None:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "imu_reps").rglob("*.py"))
    named = {name for text in texts for name in re.findall(r"^class (\w+Params)\b", text, re.MULTILINE)}

    assert named == {of.__name__ for of in thresholds_page.HELD} - {"Settings"}


def test_every_threshold_has_a_meaning_and_a_source() -> None:
    entries = [one for of in thresholds_page.HELD for one in thresholds_page.thresholds(of)]

    assert len(entries) > 60
    assert all(one.meaning and one.source for one in entries)


def test_the_guide_names_every_command_and_every_example() -> None:
    guide = text_of("guide")

    assert all(f"| `imu-reps {command}" in guide for command in COMMANDS)
    assert all(f"| `{path.name}` |" in guide for path in (PAGES / "examples").glob("*.py"))


def test_the_packages_of_the_architecture_page_exist() -> None:
    page_text = text_of("architecture").partition("## Packages")[2].partition("\n\nDependencies")[0]
    named = {
        name
        for row in re.findall(r"^\| ([^|]*) \|", page_text, re.MULTILINE)
        for name in re.findall(r"`(\w+)/`", row)
    }
    files = {path.name for path in (ROOT / "imu_reps").rglob("*")}
    mentioned = set(re.findall(r"`(?:\w+/)*(\w+(?:\.py)?)/?`", page_text))

    assert named == {path.parent.name for path in (ROOT / "imu_reps").glob("*/__init__.py")}
    assert mentioned <= files


def test_the_definitions_name_every_figure() -> None:
    page_text = text_of("definitions")
    figures = {field.name for field in fields(Rep)} - {"number"}
    means = {f"{name}_{part}" for name in figures | {"range_deg"} for part in ("mean", "sd")}
    of_set = {field.name for field in fields(SetSummary)} - means - {"tempo_target"}

    assert not [name for name in sorted(figures | of_set) if f"`{name}`" not in page_text]


def test_the_summary_page_names_every_key() -> None:
    page_text = text_of("summary-json")
    keys = {field.name for of in (Summary, RecordingSummary, SensorSummary) for field in fields(of)}

    assert not [key for key in sorted(keys) if f'"{key}"' not in page_text]


def test_the_format_page_names_every_column_and_exercise() -> None:
    page_text = text_of("recording-format")

    assert not [name for name in (*COLUMNS, *EXERCISES) if f"`{name}`" not in page_text]


def test_the_page_of_sensors_has_a_row_for_each_family() -> None:
    rows = [line for line in text_of("sensors").splitlines() if line.startswith("| ")]
    for family in FAMILIES:
        row = next(row for row in rows if family.title in row)
        rates = {float(number) for number in re.findall(r"\d+", row.split("|")[2])}

        assert rates == set(family.rates_hz), family.name
    assert all(device.title.split()[-1] in "".join(rows) for device in UNFIT)


def test_the_readme_shows_the_output_of_the_report() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## What you see")[2].split("```")[1]
    words = ["report", "recordings/back_arch_fatigue.csv"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(ROOT)
        output = CliRunner().invoke(main, words).output.splitlines()

    assert not [line for line in text.splitlines() if line.strip() != "..." and line not in output]


def test_the_readme_is_short_and_its_figures_are_rows_of_the_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("<!-- accuracy -->\n")
    rows = rest.partition("\n\n")[0].splitlines()[2:]

    assert len(readme.encode()) <= 8192
    assert len(rows) == 5
    table = [row.split(" | ") for row in text_of("accuracy").splitlines()]
    for row in rows:
        name, measured, limit = row.removesuffix(" |").split(" | ")
        assert [name, measured, limit] in [cells[:3] for cells in table], name
