"""What a broken-into decoder can do: everything is tried, and a table says what stopped it.

python tests/broken_decoder.py

A stand-in for the decoder, the same program up to the video in its hand, tries what an intruder would: to reach the
network and the credentials, to read and to kill the other processes, to start programs, to fill the memory, and to lie
to the analysis. After each attempt a good video is analysed, whose result must be exactly right, without loading a
model again. Ends with status 1 if anything worked that must not. Needs NumPy, OpenCV and PyAV, and no AWS: it runs in
the worker's image as well:

docker run --rm --read-only --tmpfs /scratch --volume "$PWD/tests:/tests:ro" --env PYTHONPATH=/app/src:/tests
    --entrypoint python IMAGE /tests/broken_decoder.py
"""

from __future__ import annotations

import argparse
import sys

from support.breaking_in import house
from support.broken_decoder import ATTACKS
from support.intruder import IN_VAIN, try_all


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    worked = 0
    with house() as broken_into:
        answers = broken_into.try_attack(try_all.__name__).answers
        for attempt, answer in answers.items():
            worked += answer not in IN_VAIN
            print(f"{attempt:36} {answer}")
        print()
        for name in [name for name in ATTACKS if name != try_all.__name__]:
            outcome = broken_into.try_attack(name)
            is_whole = broken_into.is_whole()
            worked += not is_whole
            after = "the next video is right" if is_whole else "THE NEXT VIDEO IS WRONG"
            print(f"{name.replace('_', ' '):28} {outcome.job[:150]}; {after}", flush=True)
    print(f"\n{len(answers) + len(ATTACKS) - 1} attempts, {worked} of them with success")
    return 1 if worked else 0


if __name__ == "__main__":
    sys.exit(main())
