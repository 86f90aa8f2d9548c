"""Format values, counts, days, names and lists of repetitions for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from imu_reps.domain.exercise import Exercise, Side

#: Mark of missing values in tables.
NOT_MEASURED = "–"

#: Format of each unit in `Fault.unit`.
_WRITTEN = {
    "deg": "{:.0f}°",
    "s": "{:.1f} s",
    "deg/s": "{:.0f}°/s",
    "m/s²": "{:.1f} m/s²",
    "share": "{:.0%}",
}


def format_value(value: float, unit: str) -> str:
    """Format a value with its unit; shares in percent.

    Examples
    --------
    >>> format_value(61.4, "deg"), format_value(0.34, "share")
    ('61°', '34 %')
    >>> format_value(-2.0, "deg"), format_value(-0.2, "deg")
    ('−2°', '0°')
    """
    text = _WRITTEN.get(unit, "{:.1f} " + unit).format(value).replace("%", " %")
    nothing = not any(digit in text for digit in "123456789")
    return text.replace("-", "" if nothing else "−", 1)


def format_degrees(value: float | None) -> str:
    """Format whole degrees."""
    return NOT_MEASURED if value is None else format_value(value, "deg")


def format_count(count: int | None) -> str:
    """Format a count in a table."""
    return NOT_MEASURED if count is None else str(count)


def format_day(day: date | None) -> str:
    """Format a day in a table."""
    return NOT_MEASURED if day is None else day.isoformat()


def exercise_name(exercise: Exercise, side: Side | None = None) -> str:
    """Format the name of an exercise, with the working leg.

    Examples
    --------
    >>> exercise_name("single_leg_raise", "left"), exercise_name("double_leg_raise", "both")
    ('single leg raise, left', 'double leg raise')
    """
    words = exercise.replace("_", " ")
    return f"{words}, {side}" if side in ("left", "right") else words


def format_tempo(tempo: str) -> str:
    """Format a tempo without needless decimals.

    Examples
    --------
    >>> format_tempo("2.0-0.0-2.5-0.0")
    '2-0-2.5-0'
    """
    return "-".join(part.removesuffix(".0") for part in tempo.split("-"))


def past_limit(
    values: Sequence[float], limit: float, unit: str, *, of: str = "", bound: str = "limit"
) -> str:
    """Format the worst value and the limit it passed.

    If rounding makes both look the same, "just over" or "just under" is added.

    Parameters
    ----------
    of : str
        Text after the value, such as what it is a share of.
    bound : str
        Name of the limit.

    Examples
    --------
    >>> past_limit([7.2, 9.1], 6.0, "deg"), past_limit([6.2], 6.0, "deg")
    ('up to 9° (limit 6°)', 'just over 6° (limit 6°)')
    >>> past_limit([0.8, 0.9], 1.0, "s", bound="at least")
    'as little as 0.8 s (at least 1.0 s)'
    """
    below = values[0] < limit
    worst, mark = format_value(min(values) if below else max(values), unit), format_value(limit, unit)
    if worst == mark:
        worst = f"just {'under' if below else 'over'} {mark}"
    elif len(values) > 1:
        worst = f"{'as little as' if below else 'up to'} {worst}"
    return f"{worst}{of} ({bound} {mark})"


def join_words(words: Sequence[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> join_words(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def format_reps(numbers: Sequence[int]) -> str:
    """Format repetition numbers, with consecutive ones as ranges.

    Examples
    --------
    >>> format_reps([7]), format_reps([2, 3]), format_reps([1, 2, 3, 4, 9])
    ('rep 7', 'reps 2 and 3', 'reps 1–4 and 9')
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [word for run in runs for word in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"{'rep' if len(numbers) == 1 else 'reps'} {join_words(words)}"


def pluralize(count: int, thing: str) -> str:
    """Format a count with its noun.

    Examples
    --------
    >>> pluralize(1, "rep"), pluralize(0, "rep")
    ('1 rep', '0 reps')
    """
    return f"{count} {thing}{'' if count == 1 else 's'}"
