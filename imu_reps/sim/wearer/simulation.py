"""Simulate a set: plan, score, body, sensors, radio, and ground truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from imu_reps.domain.recording import Header, Recording, SensorHeader
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock, SensorPlace
from imu_reps.domain.validation import require_instance, require_number
from imu_reps.errors import RefusedValueError
from imu_reps.sim.wearer.body import Commanded, command
from imu_reps.sim.wearer.choreography import choreograph
from imu_reps.sim.wearer.score import Score, Span
from imu_reps.sim.wearer.sensing import Readings, sense, worn
from imu_reps.sim.wearer.sensor_plan import STALL_S, RadioPlan, SensorPlan
from imu_reps.sim.wearer.set_plan import CutPlace, SetPlan
from imu_reps.sim.wearer.truth import Truth, emit


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated recording with its ground truth."""

    recording: Recording
    truth: Truth


_QUIET_SET = SetPlan()


def simulate(plan: SetPlan = _QUIET_SET, *, seed: int = 0) -> Simulated:
    """Simulate one set.

    Parameters
    ----------
    plan : SetPlan, optional
        By default eight quiet single leg raises.
    seed : int
        Seed of all randomness. The same plan and seed give the same recording.

    Returns
    -------
    Simulated
        `recording` as a host would have recorded it, `truth` from the commanded motion.

    Raises
    ------
    RefusedValueError
        If no sensor is worn, nothing arrives from any, or the plan contradicts itself.
    """
    require_instance("plan", plan, SetPlan)
    require_instance("seed", seed, int)
    require_number("seed", seed, above=-1)
    of_life, of_body, of_pelvis, of_ankle = np.random.default_rng(seed).spawn(4)
    commanded = command(plan, choreograph(plan, of_life), of_body)
    span_s = recorded_s(plan, commanded)
    pelvis = _sampled("pelvis", plan, commanded, span_s, of_pelvis)
    ankle = _sampled("ankle", plan, commanded, span_s, of_ankle)
    blocks = [block for block in (pelvis, ankle) if block is not None and len(block)]
    if not blocks:
        raise RefusedValueError("nothing is heard of any sensor", hint="A plan needs a sensor that is worn.")
    first_s = min(float(block.time_s[0]) for block in blocks)
    last_s = max(float(block.time_s[-1]) for block in blocks)
    recording = Recording(_header(plan), _from_first(pelvis, first_s), _from_first(ankle, first_s))
    truth = emit(plan, commanded, _latency_s(plan) - first_s, last_s - first_s, span_s)
    return Simulated(recording, truth)


def _sampled(
    place: SensorPlace, plan: SetPlan, commanded: Commanded, span_s: Span, rng: np.random.Generator
) -> SampleBlock | None:
    """Return the samples received from a sensor within the recording; None if it is not worn."""
    at_pelvis = place == "pelvis"
    sensor = plan.pelvis if at_pelvis else plan.ankle
    if sensor is None:
        return None
    bone = commanded.pelvis_sensor if at_pelvis else commanded.ankle_sensor
    motion = worn(bone, commanded, sensor, plan.person, rng.spawn(1)[0])
    begin, end = np.searchsorted(commanded.time_s, span_s)
    recorded = slice(int(begin), int(end) + 1)
    readings = sense(motion.part(recorded), commanded.time_s[recorded], sensor, rng)
    return transmit(readings, place, sensor.radio, rng)


def recorded_s(plan: SetPlan, commanded: Commanded) -> Span:
    """Return begin and end of the recording in simulation time.

    Raises
    ------
    ValueError
        If it would end before it begins.
    """
    t, low = commanded.time_s, plan.resting_end == "low"
    up = commanded.leg_elevation_deg if low else -commanded.leg_elevation_deg
    first, last = plan.cut.begin, plan.cut.end
    begin_s = float(t[0]) if first is None else _place_s(first, commanded.score, t, up)
    end_s = float(t[-1]) if last is None else _place_s(last, commanded.score, t, up)
    if begin_s >= end_s:
        raise RefusedValueError(
            "The recording is cut before it begins.", hint="Its end comes after its begin."
        )
    return begin_s, end_s


def _place_s(place: CutPlace, score: Score, t: FloatArray, up: FloatArray) -> float:
    """Return when the leg is at a place of the set.

    Parameters
    ----------
    up : (n,) float
        Leg elevation away from the resting end.
    """
    e = score.excursions[place.rep]
    out_s, back_s = sorted((e.rising, e.lowering))
    if place.phase in ("out", "back"):
        return _elapsed_s(t, up, out_s if place.phase == "out" else back_s, place.share)
    after = [other.start_s for other in score.excursions[place.rep + 1 : place.rep + 2]]
    begin_s, end_s = (out_s[1], back_s[0]) if place.phase == "far" else (e.end_s, *after, score.rest_s[1])[:2]
    return begin_s + place.share * (end_s - begin_s)


def _elapsed_s(t: FloatArray, up: FloatArray, way_s: Span, share: float) -> float:
    """Return when the leg has first travelled a share of a movement."""
    begin, end = np.searchsorted(t, way_s)
    way = up[begin:end]
    gone = np.abs(way - way[0]) >= share * abs(way[-1] - way[0])
    return float(t[begin + int(np.argmax(gone))])


def _from_first(block: SampleBlock | None, first_s: float) -> SampleBlock | None:
    return None if block is None else replace(block, time_s=block.time_s - first_s)


def _latency_s(plan: SetPlan) -> float:
    """Return the minimum latency contained in the ground truth's time axis."""
    sensor = plan.ankle or plan.pelvis
    return 0.0 if sensor is None else sensor.radio.latency_s


def _header(plan: SetPlan) -> Header:
    pelvis, ankle = _sensor_header(plan.pelvis), _sensor_header(plan.ankle)
    if plan.alignment == "functional":
        pelvis = replace(pelvis, alignment="functional", cranial_axis=None, anterior_axis=None)
    return Header(
        exercise=plan.exercise,
        side=plan.side,
        start=plan.resting_end,
        posture=plan.posture,
        created=plan.created,
        session=plan.session,
        set_number=plan.set_number,
        tempo_target=plan.tempo_target,
        range_target_deg=plan.range_target_deg,
        floor_deg=plan.floor_deg,
        simulated=True,
        pelvis=pelvis,
        ankle=replace(ankle, anterior_axis=None),
    )


def _sensor_header(plan: SensorPlan | None) -> SensorHeader:
    if plan is None:
        return SensorHeader()
    return SensorHeader(
        sensor=plan.sensor,
        rate_hz=plan.rate_hz,
        counter=plan.radio.counter,
        cranial_axis=plan.cranial_axis if plan.named else None,
        anterior_axis=plan.anterior_axis if plan.named else None,
    )


def transmit(readings: Readings, place: SensorPlace, plan: RadioPlan, rng: Generator) -> SampleBlock:
    """Send readings over the radio.

    The block's `time_s` is in simulation time. Its lower envelope over the true instants is `plan.latency_s`.
    """
    n = len(readings.time_s)
    packet = np.arange(n) // plan.batch
    last = np.minimum((np.arange(packet[-1] + 1) + 1) * plan.batch, n) - 1
    sent_s = readings.time_s[last]
    arrival_s = arrivals(sent_s, plan, rng)
    kept = survivors(arrival_s, plan, rng)[packet]
    number = np.arange(n, dtype=np.int64)[kept]
    return SampleBlock(
        sensor=place,
        time_s=arrival_s[packet][kept],
        sample=np.arange(len(number), dtype=np.int64) if plan.counter == "host" else number,
        device_time_s=_device_time(readings.time_s, plan)[kept],
        acc_mps2=readings.acc_mps2[kept],
        gyr_dps=readings.gyr_dps[kept],
    )


def arrivals(sent_s: FloatArray, plan: RadioPlan, rng: Generator) -> FloatArray:
    """Return arrival times of packets: connection events, latency, exponential delay, stalls."""
    sent_s = _at_events(sent_s, plan.connection_interval_s, rng)
    delay = plan.latency_s + rng.exponential(plan.jitter_s, len(sent_s))
    span_s = float(sent_s[-1] - sent_s[0])
    for start_s in sent_s[0] + span_s * rng.random(rng.poisson(plan.stalls_per_min * span_s / 60.0)):
        end_s = start_s + rng.uniform(*STALL_S)
        held = (sent_s >= start_s) & (sent_s < end_s)
        delay[held] += end_s - sent_s[held]
    return np.asarray(np.maximum.accumulate(sent_s + delay))


def _at_events(ready_s: FloatArray, interval_s: float, rng: Generator) -> FloatArray:
    """Return departure times of packets that wait for the next connection event."""
    if interval_s == 0.0:
        return ready_s
    first_s = interval_s * rng.random()
    return np.asarray(first_s + interval_s * np.ceil((ready_s - first_s) / interval_s))


def survivors(arrival_s: FloatArray, plan: RadioPlan, rng: Generator) -> BoolArray:
    """Draw which packets arrive."""
    kept = rng.random(len(arrival_s)) >= plan.loss
    for start_s, duration_s in plan.drop_outs:
        kept &= (arrival_s < start_s) | (arrival_s >= start_s + duration_s)
    return np.asarray(kept)


def _device_time(true_s: FloatArray, plan: RadioPlan) -> FloatArray:
    if not plan.device_clock:
        return np.full(len(true_s), np.nan)
    shown = plan.clock_start_s + true_s * (1.0 + 1e-6 * plan.drift_ppm)
    return np.asarray(np.round(shown, 6))
