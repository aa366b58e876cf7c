"""Gives changed videos to the product, as strangers might send them, and looks how it takes them.

python tests/fuzz.py --seconds 1200 --seed 1
python tests/fuzz.py --seed 1 --only 849

Real clips of each container and codec are changed: elements get false lengths, are doubled, nested, swapped; counts,
times, sizes of frames become others; bits flip, pieces are cut out or come from another clip. Each file is
decoded, in a process of its own. It must end within its time and memory as done, as done but incomplete, or with a
sentence that says why not.

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

KEPT = Path(__file__).resolve().parent / ".cache" / "fuzz"


def run(seed: int, indices: Iterable[int], kept: Path) -> Findings:
    """Make the clips and try the files of these numbers."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        made, used = Path(name) / "clips", Path(name) / "used"
        for folder in (made, used):
            folder.mkdir()
        clips = make_clips(made)
        with DecoderOnly() as subject:
            return fuzz(subject, clips, seed, indices, used, kept)


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--seed", type=int, default=1, help="says which files (1)")
    parser.add_argument("--only", type=int, metavar="INDEX", help="only the file of this number")
    parser.add_argument("--keep", type=Path, default=KEPT, metavar="FOLDER", help=f"for such files ({KEPT})")
    options = parser.parse_args()
    indices = until(options.seconds) if options.only is None else [options.only]
    found = run(options.seed, indices, options.keep)
    print(*found.table(), "", *found.problems, sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
