"""Gives small files that ask for a lot to the product, and prints what each of them has cost.

python tests/bombs.py
python tests/bombs.py --decoder-only

They declare huge frames, or have them in their middle; their index claims millions of frames with three numbers; they
have a hundred thousand tracks, attachments, impossible clocks, an index that unfolds to a gigabyte. Each must end as
expected, with a sentence, in its time and memory, and the next good video's result must be right. Ends with status 1
if not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from support.requirements import need_packages_of

need_packages_of("requirements-dev.txt")

from support.bombs.catalogue import BOMBS
from support.fuzzing.decoder_only import DecoderOnly
from support.fuzzing.three_processes import ThreeProcesses
from support.media import H264, clip

SECONDS = 120
MEMORY_MB = 3072
"""As a worker has it where nobody says anything else."""


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--decoder-only", action="store_true", help="without the three processes")
    decoder_only = parser.parse_args().decoder_only
    problems = []
    with tempfile.TemporaryDirectory(prefix="bombs-") as name:
        folder, scratch = Path(name) / "made", Path(name) / "scratch"
        for each in (folder, scratch):
            each.mkdir()
        good = clip(folder / "good.mp4", *H264)
        print("| file | bytes | seconds | MiB | ends as | what is said |\n|---|---|---|---|---|---|")
        with DecoderOnly() if decoder_only else ThreeProcesses(good, scratch, SECONDS, MEMORY_MB) as subject:
            for bomb in BOMBS:
                path = bomb.make(folder)
                ending = subject.judge(path)
                size, said = path.stat().st_size, ending.sentence or "-"
                print(
                    f"| {bomb.name} | {size:,} | {ending.seconds:.1f} | {ending.memory_mb:.0f} "
                    f"| {ending.kind} | {said} |",
                    flush=True,
                )
                problems += [
                    f"{bomb.name}: {each}" for each in (*bomb.problems(ending), *subject.problems_after())
                ]
                path.unlink()
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
