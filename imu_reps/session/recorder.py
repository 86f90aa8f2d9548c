"""Writes one set while it is recorded: items are stamped with the file's time and written, nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from imu_reps.domain.recording import Note
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.errors import FileAccessError
from imu_reps.sensors.stream_items import Item, LinkChange, Restarted
from imu_reps.session.set_file import SetFile

#: States of a link in which nothing more arrives.
LOST = ("away", "silent", "gone")

#: Decimal places of the times in the file.
DECIMALS = 6


class SetRecorder:
    """Writes one set; every set needs a new one.

    Parameters
    ----------
    file : SetFile or None
        None: nothing is written.
    lost : collection of {"pelvis", "ankle"}
        Sensors that are not streaming as the set begins.
    starts_at_s : float
        File time of the first sample.

    Attributes
    ----------
    file : SetFile or None
    notes : list of Note
        Everything noted so far.
    zero_s : float or None
        Time, on the clock of the items, that is 0 in the file; None before the first sample.
    """

    def __init__(
        self, file: SetFile | None, lost: Iterable[SensorPlace] = (), starts_at_s: float = 0.0
    ) -> None:
        self.notes: list[Note] = []
        self.zero_s: float | None = None
        self.file = file
        self._starts_at_s = starts_at_s
        self._left_out: Counter[SensorPlace] = Counter()
        self._lost: set[SensorPlace] = set()
        self._early: list[Note] = []
        for place in lost:
            self._lose(place, 0.0)

    def take(self, items: Iterable[Item]) -> list[SampleBlock]:
        """Write items that arrived and return the samples as written, in file time.

        Parameters
        ----------
        items : iterable of Item
            In order of arrival, as `Source.items` returns them.
        """
        written: list[SampleBlock] = []
        for item in items:
            if isinstance(item, Restarted):
                self.note("restart", item.sensor, item.time_s)
            elif isinstance(item, LinkChange):
                if item.state in LOST:
                    self._lose(item.sensor, item.time_s)
            elif len(block := self._finite(item)):
                written.append(self._written(block))
        return written

    def note(self, key: str, value: str, time_s: float) -> None:
        """Write a note of something that happened at `time_s` on the clock of the items.

        Notes from before the first sample follow that sample, at time 0.
        """
        if self.zero_s is None:
            self._early.append(Note(0.0, key, value))
        else:
            self._keep(Note(max(time_s - self.zero_s, 0.0), key, value))

    def finish(self, reason: str, time_s: float) -> FileAccessError | None:
        """Note why the set ended and close the file; return the error that kept the last rows out of it."""
        for place, count in self._left_out.items():
            self.note("left_out", f"{place} {count} not finite", time_s)
        self.note("end", reason, time_s)
        self._keep_early()
        return None if self.file is None else self.file.close()

    def _finite(self, block: SampleBlock) -> SampleBlock:
        """Return the block without non-finite samples, which a damaged packet can decode to."""
        rows = np.asarray(np.isfinite(np.hstack([block.acc_mps2, block.gyr_dps])).all(axis=1))
        if rows.all():
            return block
        self._left_out[block.sensor] += int((~rows).sum())
        return block[rows]

    def _written(self, block: SampleBlock) -> SampleBlock:
        arrived_s = float(block.time_s[0])
        if block.sensor in self._lost:
            self._lost.discard(block.sensor)
            self.note("link", f"{block.sensor} back", arrived_s)
        if self.zero_s is None:
            self.zero_s = arrived_s - self._starts_at_s
        block = replace(block, time_s=np.round(block.time_s - self.zero_s, DECIMALS))
        if self.file is not None:
            self.file.write(block)
        self._keep_early()
        return block

    def _lose(self, place: SensorPlace, time_s: float) -> None:
        """Note that a sensor is lost: once, until its samples return."""
        if place not in self._lost:
            self._lost.add(place)
            self.note("link", f"{place} lost", time_s)

    def _keep_early(self) -> None:
        for note in self._early:
            self._keep(note)
        self._early = []

    def _keep(self, note: Note) -> None:
        self.notes.append(note)
        if self.file is not None:
            self.file.write(note)
