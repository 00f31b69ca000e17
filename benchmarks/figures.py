"""figures - what the benchmarks print: a figure with its spread, its goal and what it must be.

Faults: none. Never: measures. See: mail.py, digest_speed.py (which do).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median, and the least and most that was measured."""

    name: str
    value: float
    unit: str
    goal: float | None
    must: float | None
    better: str
    min: float
    max: float

    @property
    def is_met(self) -> bool:
        """Whether the figure is what it must be."""
        if self.must is None:
            return True
        return self.value <= self.must if self.better == "lower" else self.value >= self.must

    def __str__(self) -> str:
        """Tell the figure on a line."""
        bound = "most" if self.better == "lower" else "least"
        missed = "" if self.is_met else f"  MUST be {self.must} at {bound}"
        return f"{self.name:60} {self.value:7} {self.unit:4} ({self.min} - {self.max}){missed}"


def row(
    name: str,
    values: Sequence[float],
    unit: str,
    better: str,
    *,
    goal: float | None = None,
    must: float | None = None,
    digits: int = 2,
) -> Row:
    """Make a figure of its measurements."""
    low, middle, high = (round(each, digits) for each in (min(values), median(values), max(values)))
    return Row(name, middle, unit, goal, must, better, low, high)


def document(rows: Sequence[Row]) -> str:
    """Write the figures as one JSON document."""
    return json.dumps({"rows": [asdict(one) for one in rows]}, ensure_ascii=False, indent=1)
