"""Files written whole or not at all."""

from __future__ import annotations

from io import BufferedWriter
from pathlib import Path
from typing import Any

import pytest

from imu_reps.storage import file_access
from imu_reps.storage.file_access import write_new


@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit, OSError])
def test_a_new_file_whose_writing_is_cut_short_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: type[BaseException]
) -> None:
    class CutShort(BufferedWriter):
        def write(self, content: Any) -> int:
            super().write(content[:5])
            raise reason

    monkeypatch.setattr(file_access, "BufferedWriter", CutShort)
    with pytest.raises(reason):
        write_new(tmp_path / "angles.csv", b"time_s,leg_elevation_deg\n")

    assert list(tmp_path.iterdir()) == []
