"""Figures over foreign data: sets of other simulators, and real raises cut anywhere and turned randomly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from baselines import BASELINES, baseline_outcome
from figures import Figure, percentile, worst_seeds
from foreign_sets import foreign_sets
from judged import Makers, Outcome, of_cuts, of_folder, of_nobody, of_own, of_raises, outcome
from populations import MIXED, measured

FOREIGN = "sets of a kinematic simulator and of a physics engine that are not ours, 25 to 208 Hz"
CUTS = "real supine raises, 25 Hz, ankle only, cut at a rest, a top, a way up or down, turned at random"

#: Percentile over the repetitions, unit, limit and title of every error.
LIMITS: Mapping[str, tuple[float, str, float | None, str]] = MappingProxyType(
    {
        "tilt_deg": (90.0, "°", 1.0, "Peak anterior tilt"),
        "rotation_deg": (90.0, "°", 1.5, "Peak rotation"),
        "top_deg": (90.0, "°", None, "Top angle of the leg"),
        "lift_off_deg": (90.0, "°", None, "Lift-off angle"),
    }
)
PHASE_MEDIAN_MS, PHASE_MOST_MS = 15.0, 120.0


@cache
def foreign(datasets: Path) -> tuple[Outcome, ...]:
    """Judge every set of other simulators, finished and live."""
    return tuple(outcome(make(), live=True) for make in of_folder(datasets / "foreign"))


@cache
def cut(datasets: Path, every: int = 1) -> tuple[Outcome, ...]:
    """Judge cuts of the real raises, finished, in the order of their seeds."""
    return tuple(outcome(make()) for make in of_cuts(datasets)[::every])


@cache
def followed_cuts(datasets: Path, every: int) -> tuple[Outcome, ...]:
    """Judge cuts of the real raises, finished and live."""
    return tuple(outcome(make(), live=True) for make in of_cuts(datasets)[::every])


def counts_of_foreign_sets(datasets: Path) -> tuple[Figure, Figure]:
    sets = foreign(datasets)
    population = f"{FOREIGN}; {len(sets)} sets"
    return _wrong_finished("Other simulators", population, sets), _wrong_live(
        "Other simulators", population, sets
    )


def counts_of_cuts(datasets: Path, finished: int = 1, live: int = 10) -> tuple[Figure, Figure]:
    """Wrong counts of every n-th cut, finished and live."""
    read, followed = cut(datasets, finished), followed_cuts(datasets, live)
    what = "Real raises cut anywhere"
    return (
        _wrong_finished(what, f"{CUTS}; {len(read)} cuts", read),
        _wrong_live(what, f"{CUTS}; {len(followed)} cuts", followed),
    )


def _wrong_finished(what: str, population: str, outcomes: Sequence[Outcome]) -> Figure:
    wrong = tuple((number, one.off) for number, one in enumerate(outcomes) if not one.right)
    return Figure(f"{what}: wrong counts, finished", population, (float(len(wrong)),), 0.0, "", wrong)


def _wrong_live(what: str, population: str, outcomes: Sequence[Outcome]) -> Figure:
    wrong = tuple((number, one.live_off) for number, one in enumerate(outcomes) if not one.live_right)
    return Figure(f"{what}: wrong counts, live and closed", population, (float(len(wrong)),), 0.0, "", wrong)


def swapped_sets(datasets: Path) -> Figure:
    swapped = tuple((number, 1.0) for number, one in enumerate(foreign(datasets)) if one.errors.swapped)
    what = "Other simulators: sets with up and down swapped"
    return Figure(what, FOREIGN, (float(len(swapped)),), 0.0, "", swapped)


def phase_durations(datasets: Path) -> tuple[Figure, Figure]:
    found = _errors(datasets, "phase_ms")
    what, population = "Other simulators, duration of a phase", _description(datasets, "phase_ms")
    median, maximum = (_percentile(found, share) for share in (50.0, 95.0))
    return (
        Figure(f"{what}: median error", population, (median,), PHASE_MEDIAN_MS, "ms", worst_seeds(found)),
        Figure(f"{what}: 95 % within", population, (maximum,), PHASE_MOST_MS, "ms", worst_seeds(found)),
    )


def angles(datasets: Path) -> Iterator[Figure]:
    for name in LIMITS:
        yield angle(datasets, name)


def angle(datasets: Path, name: str) -> Figure:
    share, unit, limit, title = LIMITS[name]
    found = _errors(datasets, name)
    what = f"Other simulators, {title[0].lower()}{title[1:]}: {share:.0f} % within"
    return Figure(
        what, _description(datasets, name), (_percentile(found, share),), limit, unit, worst_seeds(found)
    )


def _errors(datasets: Path, name: str) -> list[tuple[int, float]]:
    return [
        (number, error) for number, one in enumerate(foreign(datasets)) for error in getattr(one.errors, name)
    ]


def _description(datasets: Path, name: str) -> str:
    """Describe the population, and how many of the knowable values were measured."""
    knowable = sum(one.known(name) for one in foreign_sets(datasets / "foreign"))
    return f"{FOREIGN}; {len(_errors(datasets, name))} measured of {knowable}"


def _percentile(found: Sequence[tuple[int, float]], share: float) -> float:
    """Return the percentile; infinite if nothing was measured."""
    return percentile(found, share) if found else float("inf")


@cache
def wrong_counts(datasets: Path) -> Mapping[str, tuple[float, ...]]:
    """Number of sets with a wrong count in each population, for the estimator and each plain counter."""
    whole, nobody, mixed = of_raises(datasets), of_nobody(datasets), of_own(["mixed"])
    of_foreign, of_cut = of_folder(datasets / "foreign"), of_cuts(datasets)
    return {
        "other simulators": (_wrong(foreign(datasets)), *_wrong_of_plain(of_foreign)),
        "real raises cut anywhere": (_wrong(cut(datasets)), *_wrong_of_plain(of_cut)),
        "real raises, whole and set by set": (_wrong(_outcomes(whole)), *_wrong_of_plain(whole)),
        "real recordings without raises": (_wrong(_outcomes(nobody)), *_wrong_of_plain(nobody)),
        "our own simulator, everything by chance": (
            float(sum(one.count != one.true_count for one in measured(MIXED))),
            *_wrong_of_plain(mixed),
        ),
    }


def _outcomes(makers: Makers) -> tuple[Outcome, ...]:
    return tuple(outcome(make()) for make in makers)


def _wrong(outcomes: Sequence[Outcome]) -> float:
    return float(sum(not one.right for one in outcomes))


def _wrong_of_plain(makers: Makers) -> Iterator[float]:
    for baseline in BASELINES:
        yield _wrong([baseline_outcome(make(), baseline) for make in makers])


def plain_counters(datasets: Path) -> Iterator[Figure]:
    """Yield the wrong counts of plain counters on the same sets, in the better of their two directions."""
    names = " / ".join(baseline.name for baseline in BASELINES)
    for population, (_, *plain) in wrong_counts(datasets).items():
        yield Figure(f"Plain counters ({names}): wrong counts", population, tuple(plain), None, "")


def behind_plain_zigzag(datasets: Path) -> Figure:
    """How many fewer sets the estimator counts right than the plain zigzag, per population."""
    behind = {
        population: max(ours - zigzag, 0.0)
        for population, (ours, zigzag, *_) in wrong_counts(datasets).items()
    }
    what = "Sets fewer counted right than by the plain zigzag"
    return Figure(what, " / ".join(behind), tuple(behind.values()), 0.0, "")


def figures(datasets: Path) -> Iterator[Figure]:
    """Yield every figure over foreign data."""
    if not (datasets / "foreign").is_dir():
        return
    yield from counts_of_foreign_sets(datasets)
    yield from counts_of_cuts(datasets)
    yield swapped_sets(datasets)
    yield from phase_durations(datasets)
    yield from angles(datasets)
    yield from plain_counters(datasets)
    yield behind_plain_zigzag(datasets)
