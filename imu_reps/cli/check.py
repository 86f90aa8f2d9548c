"""``imu-reps check``: tell whether a recording is plausible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import complain, say
from imu_reps.errors import ImuRepsError, RecordingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imu_reps.analysis.plausibility import PlausibilityFinding
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.kinematics.clock.offline import TimedSamples
    from imu_reps.kinematics.sync.sensor_offset import SensorOffset

_MARKS = {"refuse": "x", "caution": "!", "info": "-"}
_SOURCES = {"arrivals": "arrivals", "tap": "a tap"}
_COLUMNS = "{:<8}{:>10}{:>9}{:>9}{:>13}{:>13}"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a recording, one a line.")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Tell whether a recording is plausible, and the mend for what is not.

    Looks at units, gravity, clipping, frozen axes, swapped or upside-down sensors, rate, loss and clocks.
    Exit code 4 if the recording must be refused, 1 if a file cannot be read.
    """
    ctx.exit(max(_check_file(file, as_json) for file in files))


def _check_file(file: str, as_json: bool) -> int:
    """Check one file, print what was found, and return its exit code."""
    from imu_reps.analysis.cross_time import doubt_about_time
    from imu_reps.analysis.plausibility import check_recording
    from imu_reps.storage.recording import load

    try:
        recording = load(file)
    except ImuRepsError as error:
        if as_json:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
            say(json.dumps({"file": file, "error": told}))
        else:
            complain(error)
        return error.exit_code
    clocks = _clocks(recording)
    offset = _offset(recording, clocks)
    noticed = (*_noticed_by_reader(recording), *doubt_about_time(offset), *_discarded(recording))
    findings = (*check_recording(recording), *noticed)
    if as_json:
        say(json.dumps(_as_dict(file, findings, clocks, offset), allow_nan=False))
    else:
        say(_as_text(file, findings, clocks, offset))
    refused = any(finding.severity == "refuse" for finding in findings)
    return RecordingError.exit_code if refused else 0


def _noticed_by_reader(recording: Recording) -> tuple[PlausibilityFinding, ...]:
    from imu_reps.analysis.plausibility import PlausibilityFinding

    return tuple(
        PlausibilityFinding(caution.code, "caution", None, caution.message, caution.hint)
        for caution in recording.cautions
    )


def _discarded(recording: Recording) -> tuple[PlausibilityFinding, ...]:
    from imu_reps.analysis.plausibility import PlausibilityFinding
    from imu_reps.domain.endings import DISCARDED

    hint = "It can be reported and played back like any other."
    return (PlausibilityFinding("discarded", "info", None, DISCARDED, hint),) if recording.discarded else ()


def _clocks(recording: Recording) -> Mapping[SensorPlace, TimedSamples]:
    """Fitted clocks for the table; none where a finding already says that they cannot be fitted."""
    from imu_reps.analysis.plausibility import fit_clocks

    try:
        return fit_clocks(recording)
    except RecordingError:
        return {}


def _offset(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> SensorOffset | None:
    """How far apart the two sensors' times may be."""
    from imu_reps.analysis.cross_time import agree_on_time

    return agree_on_time(recording, clocks).offset


def _as_text(
    file: str,
    findings: tuple[PlausibilityFinding, ...],
    clocks: Mapping[SensorPlace, TimedSamples],
    offset: SensorOffset | None,
) -> str:
    lines = [file]
    if clocks:
        lines.append("  " + _COLUMNS.format("sensor", "rate", "samples", "lost", "longest gap", "drift"))
    lines += ["  " + _row(place, timed) for place, timed in clocks.items()]
    if offset is not None:
        within = f"{1e3 * offset.uncertainty_s:.0f} ms"
        lines.append(f"  times of the two sensors agree to ±{within}, from {_SOURCES[offset.source]}")
    for finding in findings:
        lines += [f"{_MARKS[finding.severity]} {finding.message}", f"    {finding.hint}"]
    worst = {finding.severity for finding in findings}
    if "refuse" in worst:
        lines.append("Not usable as it is: see x above.")
    elif "caution" in worst:
        lines.append("Usable, with the cautions above.")
    else:
        lines.append("Looks plausible.")
    return "\n".join(lines)


def _row(place: str, timed: TimedSamples) -> str:
    clock = timed.clock
    lost = "?" if clock.lost is None else f"{100 * clock.lost / (clock.lost + len(timed.time_s)):.1f} %"
    drift = "no clock" if clock.drift_ppm is None else f"{clock.drift_ppm:+.0f} ppm"
    gap = f"{clock.longest_gap_s:.2f} s"
    return _COLUMNS.format(place, f"{clock.rate_hz:.2f} Hz", len(timed.time_s), lost, gap, drift)


def _as_dict(
    file: str,
    findings: tuple[PlausibilityFinding, ...],
    clocks: Mapping[SensorPlace, TimedSamples],
    offset: SensorOffset | None,
) -> dict[str, Any]:
    keys = ("code", "severity", "sensor", "message", "hint")
    return {
        "file": file,
        "plausible": not any(finding.severity == "refuse" for finding in findings),
        "findings": [{key: getattr(finding, key) for key in keys} for finding in findings],
        "sensors": {
            "pelvis": _clock_dict(clocks["pelvis"]) if "pelvis" in clocks else None,
            "ankle": _clock_dict(clocks["ankle"]) if "ankle" in clocks else None,
        },
        "sensor_offset": None
        if offset is None
        else {"uncertainty_ms": round(1e3 * offset.uncertainty_s, 2), "source": offset.source},
    }


def _clock_dict(timed: TimedSamples) -> dict[str, float | None]:
    clock = timed.clock
    drift, uncertainty = clock.drift_ppm, clock.uncertainty_ms
    return {
        "rate_hz": round(clock.rate_hz, 4),
        "samples": len(timed.time_s),
        "lost": clock.lost,
        "longest_gap_s": round(clock.longest_gap_s, 4),
        "drift_ppm": None if drift is None else round(drift, 2),
        "clock_uncertainty_ms": None if uncertainty is None else round(uncertainty, 3),
        "duplicates": clock.duplicates,
        "reordered": clock.reordered,
        "restarts": clock.restarts,
    }
