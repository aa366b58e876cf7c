"""The worker with every logger's every line in its log, as nobody can configure it.

python -m support.verbose_worker [ARGUMENT ...]
"""

from __future__ import annotations

import logging
import sys

from human_detector import aws_interface, logs
from human_detector.__main__ import main


def set_up_all(log_format: str) -> None:
    """Set the log up as the worker does, and let everything into it."""
    logs.set_up_logging(log_format)
    logging.getLogger().setLevel(logging.DEBUG)


if __name__ == "__main__":
    aws_interface.set_up_logging = set_up_all
    sys.exit(main(["worker", *sys.argv[1:]]))
