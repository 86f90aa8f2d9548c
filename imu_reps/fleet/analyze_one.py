"""Analyse one recording, for users of Python: what cannot be used is refused in a sentence.

`imu_reps.analysis` only finds what is wrong; the words are in `imu_reps.report`.
"""

from __future__ import annotations

from imu_reps.analysis.analyze import Analysis
from imu_reps.analysis.analyze import analyze as analyze_in_codes
from imu_reps.domain.recording import Recording
from imu_reps.domain.settings import Settings
from imu_reps.errors import RecordingError
from imu_reps.report.findings import with_message


def analyze(recording: Recording, settings: Settings | None = None) -> Analysis:
    """Analyze a finished recording.

    Parameters
    ----------
    recording : Recording
        A recording as loaded or simulated.
    settings : Settings, optional
        Thresholds; the defaults if omitted.

    Raises
    ------
    RecordingError
        If the recording is implausible or unusable; with a hint.
    RefusedValueError
        If an argument has the wrong type, or times go back.

    Examples
    --------
    >>> from imu_reps import analyze, simulate
    >>> analyze(simulate().recording).summary.set.rep_count
    8
    """
    try:
        return analyze_in_codes(recording, settings)
    except RecordingError as error:
        raise with_message(error) from None
