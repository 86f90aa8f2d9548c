"""Numbers as a person reads them: whole degrees, seconds with one decimal, lists of repetitions."""

from __future__ import annotations

from collections.abc import Sequence

#: How a value of a unit is written; `Fault.unit` names the units.
_WRITTEN = {
    "deg": "{:.0f}°",
    "s": "{:.1f} s",
    "deg/s": "{:.0f}°/s",
    "m/s²": "{:.1f} m/s²",
    "share": "{:.0%}",
}


def written(value: float, unit: str) -> str:
    """A value with its unit; a share as percent.

    Examples
    --------
    >>> written(61.4, "deg"), written(0.34, "share"), written(-2.0, "deg"), written(-0.2, "deg")
    ('61°', '34 %', '−2°', '0°')
    """
    text = _WRITTEN.get(unit, "{:.1f} " + unit).format(value).replace("%", " %")
    nothing = not any(digit in text for digit in "123456789")
    return text.replace("-", "" if nothing else "−", 1)


def degrees(value: float) -> str:
    """Whole degrees."""
    return written(value, "deg")


def past_limit(
    values: Sequence[float], limit: float, unit: str, *, of: str = "", bound: str = "limit"
) -> str:
    """The worst of the values beside the limit it passed.

    Where rounding would make both look the same, the words tell them apart.

    Parameters
    ----------
    of : str
        What the value is a part of.
    bound : str
        What the limit is called.

    Examples
    --------
    >>> past_limit([7.2, 9.1], 6.0, "deg"), past_limit([6.2], 6.0, "deg")
    ('up to 9° (limit 6°)', 'just over 6° (limit 6°)')
    >>> past_limit([0.8, 0.9], 1.0, "s", bound="at least")
    'as little as 0.8 s (at least 1.0 s)'
    """
    below = values[0] < limit
    worst, mark = written(min(values) if below else max(values), unit), written(limit, unit)
    if worst == mark:
        worst = f"just {'under' if below else 'over'} {mark}"
    elif len(values) > 1:
        worst = f"{'as little as' if below else 'up to'} {worst}"
    return f"{worst}{of} ({bound} {mark})"


def listed(words: Sequence[str]) -> str:
    """Words joined as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def reps_named(numbers: Sequence[int]) -> str:
    """Repetitions by number, neighbours drawn together.

    Examples
    --------
    >>> reps_named([7]), reps_named([2, 3]), reps_named([1, 2, 3, 4, 9])
    ('rep 7', 'reps 2 and 3', 'reps 1–4 and 9')
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [word for run in runs for word in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"{'rep' if len(numbers) == 1 else 'reps'} {listed(words)}"


def counted(count: int, thing: str) -> str:
    """A count and its noun.

    Examples
    --------
    >>> counted(1, "rep"), counted(0, "rep")
    ('1 rep', '0 reps')
    """
    return f"{count} {thing}{'' if count == 1 else 's'}"
