"""Names of files that commands write."""

from __future__ import annotations

from pathlib import Path

from imu_reps.errors import UsageError

#: Endings by which a program would take a file for another kind than what is written into it.
_ENDINGS = frozenset(
    (
        ".csv",
        ".tsv",
        ".json",
        ".parquet",
        ".sto",
        ".vtt",
        ".xls",
        ".xlsx",
        ".ods",
        ".html",
        ".pdf",
        ".mp4",
        ".mov",
    )
)

#: What opens a kind of file for which other programs are known better.
_OPENED_BY = {".csv": " Excel opens that, too.", ".html": " A browser opens that, and prints it as PDF."}


def refuse_other_ending(output: str | Path, right: str, option: str = "-o") -> None:
    """Refuse a name that stands for standard output, or ends as another kind of file does.

    Parameters
    ----------
    output : str or Path
        The name.
    right : str
        Ending of what is written, such as ``.csv``.
    option : str
        The option the name was given with.
    """
    if str(output) == "-":
        raise UsageError(f"{option} names a file, and - is none.", hint="Give it a name.", code="no_file")
    ending = Path(output).suffix.lower()
    if ending in _ENDINGS - {right} and not Path(output).exists():  # what is there is refused by its content
        raise UsageError(
            f"{output} would hold {right[1:]}, which programs do not expect under {ending}.",
            hint=f"End the name in {right}.{_OPENED_BY.get(right, '')}",
            code="wrong_ending",
        )
