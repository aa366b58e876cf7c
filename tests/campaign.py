"""The fault campaign: many jobs, several workers, and everything that can go wrong, all the time.

python tests/campaign.py --jobs 500 --workers 4 --seed 1 [--emulator moto|ministack] [--plant FAULT]

Many jobs take longer than a lease. Workers and their analysis processes are killed, stopped, paused, and frozen for
longer than a lease in the middle of a GET, a PUT or an UpdateItem, which is carried out when another worker has long
taken over; DynamoDB and S3 are cut off, each for itself; single requests are delayed, broken, refused and throttled.
Messages are sent twice, videos replaced and deleted, and another writer changes the same records.

In the end every video must be done, or have an error that it deserves. Each result must be the one of the video that
is there: by place, ETag, configuration and frames, in its document and in its metadata. No content may have been
analysed to its end twice, no analysis be lost without a fault that explains it, and nothing be left over or changed
that is not the worker's. It prints a table, and ends with status 1 if any of this does not hold.

The seed says what is done, and in which order. When it meets which job is up to the machine, as the processes are real. A
machine or an emulator that stands still for a second explains a lost analysis as well, and the table says how often.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from support.requirements import need_packages_of

need_packages_of("requirements-dev.txt")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "demo"))

from support.campaign_report import Report
from support.campaign_run import Campaign
from support.campaign_verdict import judge
from support.campaign_worker import PLANTED
from support.emulators import EMULATORS, emulator
from support.worker_harness import Aws


def run_campaign(
    jobs: int, workers: int, seed: int, emulator_name: str, folder: Path, **options: Any
) -> Report:
    """Run a campaign against an emulator of its own; `options` are those of `Campaign`."""
    began = time.monotonic()
    report = Report(f"{jobs} jobs on {emulator_name}, {workers} workers, seed {seed}")
    os.environ |= Aws.environment("")
    with emulator(emulator_name, folder) as endpoint:
        campaign = Campaign(jobs, workers, seed, endpoint, folder, **options)
        judge(campaign, report, campaign.run())
    report.title += f": {time.monotonic() - began:.0f} s"
    return report


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=500, help="good videos (default: 500)")
    parser.add_argument("--workers", type=int, default=4, help="at a time (default: 4)")
    parser.add_argument("--seed", type=int, help="of all that is random (default: another each time)")
    parser.add_argument("--emulator", choices=EMULATORS, default="moto", help="of AWS (default: moto)")
    parser.add_argument(
        "--plant", choices=PLANTED, default="none", help="a fault of the product, to be found"
    )
    parser.add_argument("--keep", type=Path, help="a folder that is made, for the logs of all workers")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="campaign-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = run_campaign(
            options.jobs, options.workers, seed, options.emulator, folder, fault=options.plant
        )
    print(report.table())
    return 0 if report.is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
