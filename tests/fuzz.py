"""Gives changed videos to the product, as strangers might send them, and looks how it takes them.

python tests/fuzz.py --seconds 1200 --seed 1
python tests/fuzz.py --seed 1 --only 849
python tests/fuzz.py --seconds 300 --seed 7 --decoder-only

Real clips of each container and codec are changed: elements get false lengths, are doubled, nested, swapped; counts,
times, sizes of frames become others; bits flip, pieces are cut out or come from another clip. Each file goes
through a worker's three processes (or through the decoding alone, many times as fast). It must end within its time
and memory as done, as done but incomplete, or with a sentence that says why not; then the next good video's result
must be exactly right, and no process, descriptor, shared memory or file be left over.

A seed and a number always give the same file. One that ended as it must not is kept, and so is one that made the
decoder crash, which costs its video alone. Ends with status 1 if anything did not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from support.requirements import need_packages_of

need_packages_of("requirements-dev.txt")

from support.fuzzing.clips import make_clips
from support.fuzzing.decoder_only import DecoderOnly
from support.fuzzing.run import Findings, fuzz, until
from support.fuzzing.three_processes import ThreeProcesses

KEPT = Path(__file__).resolve().parent / ".cache" / "fuzz"


def run(seed: int, indices: Iterable[int], kept: Path, *, decoder_only: bool = False) -> Findings:
    """Make the clips and try the files of these numbers."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        made, used, scratch = (Path(name) / folder for folder in ("clips", "used", "scratch"))
        for folder in (made, used, scratch):
            folder.mkdir()
        clips = make_clips(made)
        with DecoderOnly() if decoder_only else ThreeProcesses(made / "h264.mp4", scratch) as subject:
            return fuzz(subject, clips, seed, indices, used, kept)


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--seed", type=int, default=1, help="says which files (1)")
    parser.add_argument("--only", type=int, metavar="INDEX", help="only the file of this number")
    parser.add_argument("--decoder-only", action="store_true", help="the decoding alone, many times as fast")
    parser.add_argument("--keep", type=Path, default=KEPT, metavar="FOLDER", help=f"for such files ({KEPT})")
    options = parser.parse_args()
    indices = until(options.seconds) if options.only is None else [options.only]
    found = run(options.seed, indices, options.keep, decoder_only=options.decoder_only)
    print(*found.table(), "", *found.problems, sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
