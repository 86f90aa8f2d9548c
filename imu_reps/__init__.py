"""Counts and judges leg raises from two small IMUs, one on the pelvis and one on the ankle."""

from __future__ import annotations

__version__ = "0.1.0"
