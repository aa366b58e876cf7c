"""A short fault campaign; the long one is tests/campaign.py. And campaigns over faults of the product, which are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign import run_campaign
from support.emulators import EMULATORS
from support.torments import FREEZES, REPLACED, TORMENTS


@pytest.mark.parametrize("name", EMULATORS)
def test_a_short_campaign_breaks_no_promise(name: str, tmp_path: Path) -> None:
    report = run_campaign(jobs=10, workers=2, seed=3, emulator_name=name, folder=tmp_path)
    assert report.is_fine, report.table()
    # That it tormented at all: a campaign without faults would prove nothing.
    assert sum(report.counts[f"to workers: {kind}"] for kind in FREEZES) >= 2, report.table()
    assert sum(report.counts[f"to workers: {kind}"] for kind in TORMENTS) >= 6, report.table()
    assert report.shares["taken over by another worker"] > 0, report.table()
    assert report.counts["to records: writes of another"] > 20


@pytest.mark.parametrize(
    ("fault", "torment", "promises"),
    [
        # Whether it stays stale, or a message that comes late has it made once more, is a matter of luck.
        ("an upload without its condition", REPLACED, ["stale", "analyses without cause"]),
        # On a machine that is slow enough, what is lost could have been lost without the fault.
        pytest.param(
            "a visibility that is never extended",
            "pause worker",
            ["analyses without cause"],
            marks=pytest.mark.slow,
        ),
        # It waits until it is sure that nothing will happen any more.
        pytest.param("a message deleted before the record", "kill worker", ["lost"], marks=pytest.mark.slow),
    ],
)
def test_a_campaign_finds_a_fault_of_the_product(
    fault: str, torment: str, promises: list[str], tmp_path: Path
) -> None:
    report = run_campaign(2, 2, 1, "moto", tmp_path, torments=(torment,), most_torments=1, fault=fault)
    assert [promise for promise in promises if report.broken[promise]], report.table()
