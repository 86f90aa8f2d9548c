"""The samples of a running set, kept until it is over."""

from __future__ import annotations

from imu_reps.domain.samples import SampleBlock, concatenate

#: Blocks are joined once they hold so many samples: one of a few samples takes several times their memory.
JOINED = 1000


class KeptSamples:
    """One sensor's samples, in order of arrival."""

    def __init__(self) -> None:
        self._joined: list[SampleBlock] = []
        self._recent: list[SampleBlock] = []
        self._count = 0

    def add(self, block: SampleBlock) -> None:
        """Keep the next."""
        self._recent.append(block)
        self._count += len(block)
        if self._count >= JOINED:
            self._joined.append(concatenate(self._recent))
            self._recent, self._count = [], 0

    def all(self) -> SampleBlock | None:
        """Everything that is kept, as one block; None where nothing came."""
        blocks = [*self._joined, *self._recent]
        return concatenate(blocks) if blocks else None
