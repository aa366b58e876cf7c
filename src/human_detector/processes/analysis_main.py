"""The analysis process begins: it takes from itself what only a single thread can, then brings in the rest.

python -m human_detector.processes.analysis_main DESCRIPTOR
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from pathlib import Path

from human_detector.processes.cage.doors import confine_analysis_early
from human_detector.processes.wire import LONGEST_OF_THE_WORKER, Channel

SERVING = "human_detector.processes.analysis_serving"


def main() -> None:
    """Entry point of the process."""
    # Ctrl-C and a container's stop reach the whole process group; the worker decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = Channel.of_descriptor(int(sys.argv[1]), longest=LONGEST_OF_THE_WORKER, takes_descriptors=True)
    settings = worker.receive()
    # It may write wherever its user may: a detector from elsewhere may keep files of its own.
    cage = confine_analysis_early([Path(path) for path in settings["hidden"]], [Path("/")])
    # Not before: NumPy starts threads as soon as it is imported.
    import_module(SERVING).serve(worker, settings, cage)


if __name__ == "__main__":
    main()
