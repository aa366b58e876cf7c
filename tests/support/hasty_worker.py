"""The worker with other waiting times than its own, where a test would have to wait for these to pass.

python -m support.hasty_worker '{"LONG_POLL_SECONDS": 1}' [ARGUMENT ...]

It is the same program, whose constants in aws/waiting_times.py are set before anything reads them.
"""

from __future__ import annotations

import json
import sys

from human_detector.__main__ import main
from human_detector.aws import waiting_times

if __name__ == "__main__":
    for name, seconds in json.loads(sys.argv[1]).items():
        assert hasattr(waiting_times, name), name
        setattr(waiting_times, name, seconds)
    sys.exit(main(["worker", *sys.argv[2:]]))
