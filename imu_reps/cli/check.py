"""``imu-reps check``: check whether a recording is plausible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo, echo_error
from imu_reps.errors import ImuRepsError, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imu_reps.domain.finding import Finding
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.kinematics.clock.offline import TimedSamples
    from imu_reps.kinematics.sync.sensor_offset import SensorOffset
    from imu_reps.quality.plausibility import Checked

_MARKS = {"refuse": "x", "caution": "!", "info": "-"}
_SOURCES = {"arrivals": "arrivals", "tap": "a tap"}
_USABLE, _STEPS = "#+.", 50
_COLUMNS = "{:<8}{:>10}{:>9}{:>9}{:>13}{:>22}"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a recording, one a line.")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Tell whether a recording is plausible, and the hint for what is not.

    Looks at units, gravity, range, failed and frozen readings, swapped or upside-down sensors, rate, loss,
    counters and clocks, and draws where each sensor gave readings.
    Exit code 4 if the recording must be refused, 1 if a file cannot be read.
    """
    ctx.exit(max(_check_file(file, as_json) for file in files))


def _check_file(file: str, as_json: bool) -> int:
    """Check one file, print the findings, and return the exit code."""
    from imu_reps.analysis.cross_time import agree_on_time, doubt_about_time
    from imu_reps.analysis.set_findings import file_finding
    from imu_reps.domain.finding import Finding
    from imu_reps.quality.plausibility import examined
    from imu_reps.storage.plain_json import error_tree
    from imu_reps.storage.recording import load

    try:
        recording = load(file)
    except ImuRepsError as error:
        if as_json:
            echo(json.dumps({"file": file, "error": error_tree(error)}))
        else:
            echo_error(error)
        return error.exit_code
    checked = examined(recording)
    clocks = checked.clocks
    offset = agree_on_time(checked.recording, clocks).offset
    by_reader = [file_finding(caution) for caution in recording.cautions]
    discarded = [Finding("discarded")] if recording.discarded else []
    findings = (*checked.findings, *by_reader, *doubt_about_time(offset), *discarded)
    if as_json:
        echo(json.dumps(_as_dict(file, findings, clocks, offset), allow_nan=False))
    else:
        echo(_as_text(file, findings, checked, offset))
    refused = any(finding.severity == "refuse" for finding in findings)
    return RecordingError.exit_code if refused else 0


def _as_text(file: str, findings: tuple[Finding, ...], checked: Checked, offset: SensorOffset | None) -> str:
    from imu_reps.report.findings import hint, sentence

    lines, clocks = [file], checked.clocks
    if clocks:
        lines.append("  " + _COLUMNS.format("sensor", "rate", "samples", "lost", "longest gap", "clock"))
    lines += ["  " + _row(place, timed) for place, timed in clocks.items()]
    if offset is not None:
        within = f"{1e3 * offset.uncertainty_s:.0f} ms"
        lines.append(f"  times of the two sensors agree to ±{within}, from {_SOURCES[offset.source]}")
    lines += _usable_over_time(checked)
    for finding in findings:
        lines.append(f"{_MARKS[finding.severity]} {sentence(finding)}")
        lines += [f"    {hint_line}"] if (hint_line := hint(finding)) else []
    worst = {finding.severity for finding in findings}
    if "refuse" in worst:
        lines.append("Not usable as it is: see x above.")
    elif any(finding.code == "no_ankle" for finding in findings):
        lines.append("Usable for what the pelvis did only: see ! above.")
    elif "caution" in worst:
        lines.append("Usable, with the cautions above.")
    else:
        lines.append("Looks plausible.")
    return "\n".join(lines)


def _usable_over_time(checked: Checked) -> Iterator[str]:
    """Yield a timeline for each sensor that marks usable, partly usable and missing readings."""
    import numpy as np

    if not checked.clocks:
        return
    first = min(float(timed.time_s[0]) for timed in checked.clocks.values())
    last = max(float(timed.time_s[-1]) for timed in checked.clocks.values())
    edges = np.linspace(first, max(last, first + 1e-3), _STEPS + 1)
    for place, timed in checked.clocks.items():
        times = timed.time_s[~checked.readings[place].bad]
        share = np.histogram(times, edges)[0] * timed.period_s / (edges[1] - edges[0])
        marks = np.select([share > 0.9, share > 0.1], [*_USABLE[:2]], _USABLE[2])
        yield f"  {place:<7} |{''.join(marks)}| {max(first, 0.0):.0f} to {last:.0f} s"
    yield f"          {_USABLE[0]} usable, {_USABLE[1]} in part, {_USABLE[2]} not usable"


def _row(place: str, timed: TimedSamples) -> str:
    clock = timed.clock
    lost = "?" if clock.lost is None else f"{100 * clock.lost / (clock.lost + len(timed.time_s)):.1f} %"
    gap = f"{clock.longest_gap_s:.2f} s"
    return _COLUMNS.format(place, f"{clock.rate_hz:.2f} Hz", len(timed.time_s), lost, gap, clock.drift_text)


def _as_dict(
    file: str,
    findings: tuple[Finding, ...],
    clocks: Mapping[SensorPlace, TimedSamples],
    offset: SensorOffset | None,
) -> dict[str, Any]:
    from imu_reps.domain.samples import SENSOR_PLACES
    from imu_reps.report.findings import hint, sentence

    return {
        "file": file,
        "plausible": not any(finding.severity == "refuse" for finding in findings),
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "sensor": one.sensor,
                "message": sentence(one),
                "hint": hint(one),
                "start_s": one.start_s,
                "end_s": one.end_s,
            }
            for one in findings
        ],
        "sensors": {
            place: _clock_dict(clocks[place]) if place in clocks else None for place in SENSOR_PLACES
        },
        "sensor_offset": None
        if offset is None
        else {"uncertainty_ms": round(1e3 * offset.uncertainty_s, 2), "source": offset.source},
    }


def _clock_dict(timed: TimedSamples) -> dict[str, float | None]:
    clock = timed.clock
    drift, drift_sd, uncertainty = clock.drift_ppm, clock.drift_sd_ppm, clock.uncertainty_ms
    return {
        "rate_hz": round(clock.rate_hz, 4),
        "samples": len(timed.time_s),
        "lost": clock.lost,
        "longest_gap_s": round(clock.longest_gap_s, 4),
        "drift_ppm": None if drift is None else round(drift, 2),
        "drift_sd_ppm": None if drift_sd is None else round(drift_sd, 2),
        "clock_uncertainty_ms": None if uncertainty is None else round(uncertainty, 3),
        "duplicates": clock.duplicates,
        "reordered": clock.reordered,
        "restarts": clock.restarts,
    }
