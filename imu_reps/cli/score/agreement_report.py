"""Agreement with labels as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from imu_reps.analysis.agreement import FLAG_NAMES, MIN_PERSONS, TIMES, Figure, SetAgreement, flag_counts
from imu_reps.cli.console import echo, show_table
from imu_reps.report.formatting import pluralize
from imu_reps.report.phrases import flag_label
from imu_reps.storage.plain_json import plain

_FORMAT = "imu-reps-score/1"


def as_document(
    sets: Sequence[SetAgreement], persons: Sequence[str | None], figures: Mapping[str, Figure]
) -> dict[str, Any]:
    """Return the JSON document of docs/exporting.md#scoring."""
    document: dict[str, Any] = plain(
        {
            "format": _FORMAT,
            **_counts(sets),
            "persons": _persons(persons),
            "figures": {name: asdict(figure) for name, figure in figures.items()},
            "flags": {flag: _of_flag(sets, flag) for flag in FLAG_NAMES},
        }
    )
    return document


def as_rows(figures: Mapping[str, Figure]) -> str:
    """Return CSV with one row per figure; missing values are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("figure", "value", "low", "high"))
    for name, figure in figures.items():
        writer.writerow((name, *plain([figure.value, figure.low, figure.high])))
    return text.getvalue()


def show_agreement(
    sets: Sequence[SetAgreement], persons: Sequence[str | None], figures: Mapping[str, Figure]
) -> None:
    """Print counts, times and faults."""
    counts = _counts(sets)
    of_sets = f"{pluralize(counts['sets'], 'set')}, {pluralize(counts['labelled'], 'labelled rep')}"
    echo(f"{of_sets}, {counts['counted']} counted.")
    off = _number(figures["count_error_mean"], "+.2f")
    echo(f"Count right in {_percent(figures['count_right_share'])} of sets; off by {off} a set on average.")
    found, true = _percent(figures["rep_recall"]), _percent(figures["rep_precision"])
    echo(f"Found {found} of the labelled reps; {true} of the counted ones are labelled.")
    # few matches suggest labels on another clock
    if counts["labelled"] and counts["matched"] < 0.5 * counts["labelled"]:
        echo("Few labels lie where a rep was counted: are they on the recording's clock? See --offset.")
    _show_times(figures)
    _show_flags(sets, figures)
    _echo_interval_note(persons)


def _show_times(figures: Mapping[str, Figure]) -> None:
    known = [name for name in TIMES if figures[f"{name}_s_bias"].value is not None]
    if known:
        echo("\nTimes of the reps found, measured less labelled, in seconds")
        show_table(("", "median error", "95 % within", "bias"), [_times_row(name, figures) for name in known])


def _times_row(name: str, figures: Mapping[str, Figure]) -> tuple[str, ...]:
    shapes = {"abs_median": ".3f", "abs_p95": ".3f", "bias": "+.3f"}
    return name, *(_number(figures[f"{name}_s_{what}"], shape) for what, shape in shapes.items())


def _show_flags(sets: Sequence[SetAgreement], figures: Mapping[str, Figure]) -> None:
    flags = [flag for flag in FLAG_NAMES if any(flag_counts(sets, flag))]
    if flags:
        echo("\nFaults of the reps found")
        titles = ("", "precision", "recall", "both", "only measured", "only labelled", "not judged")
        show_table(
            titles,
            [
                (
                    flag_label(flag),
                    _percent(figures[f"{flag}_precision"]),
                    _percent(figures[f"{flag}_recall"]),
                    *map(str, flag_counts(sets, flag)),
                )
                for flag in flags
            ],
        )
    elif not any(one.flags for one in sets):
        echo("\nFaults are not labelled, or no labelled rep was found.")


def _echo_interval_note(persons: Sequence[str | None]) -> None:
    count = _persons(persons)
    if count is None:
        echo("\nNo intervals: not every recording says whose it is.")
    elif count < MIN_PERSONS:
        echo(
            f"\nNo intervals: they need {MIN_PERSONS} persons, here {'is' if count == 1 else 'are'} {count}."
        )
    else:
        echo(f"\nIn brackets: 95 % intervals over {count} persons.")


def _counts(sets: Sequence[SetAgreement]) -> dict[str, int]:
    sums = {name: sum(getattr(one, name) for one in sets) for name in ("labelled", "counted", "matched")}
    return {"sets": len(sets)} | sums


def _persons(persons: Sequence[str | None]) -> int | None:
    """Count the persons; None if one is unknown."""
    return None if None in persons else len(set(persons))


def _of_flag(sets: Sequence[SetAgreement], flag: Any) -> dict[str, int]:
    names = ("both", "only_measured", "only_labelled", "not_judged")
    return dict(zip(names, flag_counts(sets, flag), strict=True))


def _percent(figure: Figure) -> str:
    return _number(figure, ".0%").replace("%", " %")


def _number(figure: Figure, shape: str) -> str:
    if figure.value is None:
        return "-"
    text = _plainly(figure.value, shape)
    if figure.low is None or figure.high is None:
        return text
    return f"{text} [{_plainly(figure.low, shape)}, {_plainly(figure.high, shape)}]"


def _plainly(value: float, shape: str) -> str:
    """Format a number, without the sign of a negative zero."""
    return f"{round(value, 3) + 0.0:{shape}}"
