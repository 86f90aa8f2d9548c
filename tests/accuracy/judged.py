"""Sets of every population, each with its right counts, and the outcome of an analysis.

Errors of an analysis do not end the judging: a refusal or a crash is wrong and is described.
"""

from __future__ import annotations

import json
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import populations
from foreign_sets import ForeignSet, SetErrors, TrueRep, errors, foreign_sets
from populations import SLOT_S, Population, counted, worn
from real_cuts import SEEDS, Cut, cuts
from real_recordings import Known, idle, raises, walks

import imu_reps
from imu_reps import Analysis, ImuRepsError, Recording, load, simulate
from imu_reps.sources.replay_source import replay_blocks

#: Analyses a finished set; can be replaced by another estimator, or by one with parts left out.
Analyze = Callable[[Recording], Analysis]

#: A count; None if not counted; as text, the reason why there is none.
Found = int | str | None

OWN: Mapping[str, Population] = MappingProxyType(
    {
        "mixed": populations.MIXED,
        "idle": populations.IDLE,
        "25 Hz": populations.SLOW_RADIO,
        "swung": populations.SWINGING,
        "swung hanging": populations.SWINGING_HANGING,
        "cheap": populations.CHEAP,
    }
)

#: Recorded arrivals of an overloaded computer or a busy link, and the number of repetitions in them.
TRICKLES: Mapping[str, int] = MappingProxyType(
    {"live-count-falls-back": 10, "open-profile-trickle": 8, "runaway-live-clock": 10}
)

#: A real person who walks, climbs and swings.
CLIMBER = "14-climbing-and-walking-is-no-set/cmu_01_09.csv.gz"

REFUSED = "refused: "

#: A set that takes longer, finished or live, has no count.
LONGEST_S = 90.0

NO_ERRORS = SetErrors()


@dataclass(frozen=True)
class JudgedSet:
    """A set and its right counts.

    Attributes
    ----------
    name : str
    load : callable
        Returns the recording.
    allowed : frozenset of (int or None)
        Right counts; None is not counted at all.
    may_refuse : bool
        Whether a refusal is right too.
    reps : tuple of TrueRep
        Known repetitions, if more than the count is known.
    """

    name: str
    load: Callable[[], Recording]
    allowed: frozenset[int | None]
    may_refuse: bool = False
    reps: tuple[TrueRep, ...] = ()


#: Sets are made in the process and at the time of their judging.
Makers = Sequence[Callable[[], JudgedSet]]


@dataclass(frozen=True)
class Outcome:
    """Outcome of a set.

    Attributes
    ----------
    found, live : int, str or None
        Counts, finished and live after closing, or as text why there is none.
    right, live_right : bool
        `live_right` is True if the set was not followed live.
    certainty : str or None
        Certainty of the finished count, if the summary has it.
    errors : SetErrors
    """

    name: str
    allowed: frozenset[int | None]
    found: Found
    right: bool
    live: Found = None
    live_right: bool = True
    certainty: str | None = None
    errors: SetErrors = NO_ERRORS

    @property
    def off(self) -> float:
        """Difference of the finished count from the nearest right one; infinite without a count."""
        return _off(self.found, self.allowed)

    @property
    def live_off(self) -> float:
        """Difference of the live count from the nearest right one; infinite without a count."""
        return _off(self.live, self.allowed)


def _off(found: Found, allowed: frozenset[int | None]) -> float:
    right = [count for count in allowed if count is not None]
    if not isinstance(found, int) or not right:
        return 0.0 if found in allowed else float("inf")
    return float(min((found - count for count in right), key=abs))


def outcome(one: JudgedSet, *, live: bool = False, analyze: Analyze = imu_reps.analyze) -> Outcome:
    """Analyse a set; with `live`, pass it through the pipeline too."""
    recording = tried(one.load)
    if isinstance(recording, str):
        right = is_right(one, recording)
        return Outcome(one.name, one.allowed, recording, right, recording if live else None, right)
    analysis = tried(lambda: analyze(recording))
    live_found = tried(lambda: closed_count(recording)) if live else None
    live_right = not live or is_right(one, live_found)
    if isinstance(analysis, str):
        return Outcome(one.name, one.allowed, analysis, is_right(one, analysis), live_found, live_right)
    found = analysis.summary.set.rep_count
    return Outcome(
        one.name,
        one.allowed,
        found,
        is_right(one, found),
        live_found,
        live_right,
        getattr(analysis.summary.set, "rep_count_certainty", None),
        errors(analysis, one.reps),
    )


def closed_count(recording: Recording) -> int | None:
    """Return the live count after corrections at the end; None without an ankle sensor."""
    pipeline = imu_reps.Pipeline(recording.header, sensors=worn(recording))
    events = [event for block in replay_blocks(recording, SLOT_S) for event in pipeline.push(block)]
    closing, _ = pipeline.finish()
    return None if recording.ankle is None else counted([*events, *closing])


_T = TypeVar("_T")


def tried(do: Callable[[], _T]) -> _T | str:
    """Return the result of `do`, or as text why there is none."""
    try:
        with _time_limit(LONGEST_S):
            return do()
    except _TooSlow:
        return f"not done in {LONGEST_S:.0f} s"
    except ImuRepsError as error:
        return f"{REFUSED}{error.code}"
    except Exception as error:  # a crash is a wrong count, and the judging goes on
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"crashed: {type(error).__name__} at {Path(at.filename).name}:{at.lineno}"


class _TooSlow(Exception):  # noqa: N818 - it ends one set, and is not an error of the script
    """A set took too long."""


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def is_right(one: JudgedSet, found: Found) -> bool:
    """Return whether a count, or a refusal, is right."""
    if isinstance(found, str):
        return one.may_refuse and found.startswith(REFUSED)
    return found in one.allowed


def of_folder(folder: Path) -> Makers:
    """Return sets of other simulators: recordings with their truth files."""
    return [partial(_foreign, one) for one in foreign_sets(folder)]


def of_cuts(datasets: Path, seeds: Sequence[int] = SEEDS) -> Makers:
    """Return real raises cut anywhere and turned randomly."""
    return [partial(_cut, one) for one in cuts(datasets, seeds)]


def of_raises(datasets: Path) -> Makers:
    """Return real raises, whole and set by set."""
    return [partial(_known, one) for one in raises(datasets)]


def of_nobody(datasets: Path) -> Makers:
    """Return real recordings in which no leg is raised."""
    return [partial(_known, one) for one in (*idle(datasets), *walks(datasets))]


def of_person(cases: Path) -> Makers:
    """Return a real person who walks to a frame, climbs, hangs, swings and drops."""
    return [partial(JudgedSet, "climber", partial(load, cases / CLIMBER), frozenset({0}))]


def of_cases(cases: Path) -> Makers:
    """Return recordings once summarised wrongly, with their counts only; `judge.py` checks the words."""
    return [*_expected_cases(cases), *_trickles(cases)]


def of_own(names: Iterable[str] = tuple(OWN)) -> Makers:
    """Return sets of our own simulator, by the names of their populations."""
    return [partial(_own, name, seed) for name in names for seed in OWN[name].seeds]


def _foreign(one: ForeignSet) -> JudgedSet:
    return JudgedSet(one.name, partial(load, one.path), frozenset({one.rep_count}), reps=one.reps)


def _cut(one: Cut) -> JudgedSet:
    return JudgedSet(one.name, lambda: one.recording, frozenset(one.allowed))


def _known(one: Known) -> JudgedSet:
    return JudgedSet(one.name, lambda: one.recording, frozenset({one.expected}))


def _own(name: str, seed: int) -> JudgedSet:
    population = OWN[name]
    plan = population.draw(np.random.default_rng(seed), **population.constraints)
    made = simulate(plan, seed=seed)
    reps = tuple(TrueRep.of(rep) for rep in made.truth.reps)
    allowed = frozenset({made.truth.rep_count})
    return JudgedSet(f"{name} {seed}", lambda: made.recording, allowed, reps=reps)


def _expected_cases(cases: Path) -> Iterator[Callable[[], JudgedSet]]:
    for path in sorted(cases.glob("*/expected.json")):
        for one in json.loads(path.read_text("utf-8")):
            yield partial(_case, path.parent / one["file"], one["reps"], bool(one["names_one_of"]))


def _trickles(cases: Path) -> Iterator[Callable[[], JudgedSet]]:
    for name, reps in TRICKLES.items():
        path = cases / "20-link-trickles-then-catches-up" / f"{name}.csv.gz"
        if path.is_file():
            yield partial(_case, path, reps, False)


def _case(path: Path, reps: int | str, has_cause: bool) -> JudgedSet:
    """Return a case with a given count, or with 6, or to be refused.

    A refusal is also right where it can name a cause.
    """
    counts = {"refuse": frozenset[int | None](), "refuse_or_right": frozenset({6})}
    allowed = counts[reps] if isinstance(reps, str) else frozenset({reps})
    return JudgedSet(f"{path.parent.name}/{path.name}", partial(load, path), allowed, has_cause)
