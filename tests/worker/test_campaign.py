"""A short fault campaign; the long one is tests/campaign.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign import run_campaign
from support.emulators import EMULATORS


@pytest.mark.parametrize("name", EMULATORS)
def test_short_campaign(name: str, tmp_path: Path) -> None:
    report = run_campaign(jobs=12, seed=3, emulator_name=name, folder=tmp_path)
    # That it tormented at all: a campaign without faults would prove nothing.
    assert sum(report.signals.values()) >= 3
    assert sum(count for fault, count in report.faults.items() if fault != "none") >= 2
    assert report.other_writes > 20
