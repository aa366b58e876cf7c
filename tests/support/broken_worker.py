"""The worker with decoders that a video can break into: support/broken_decoder.py.

python -m support.broken_worker [ARGUMENT ...]
"""

from __future__ import annotations

import sys
from functools import partialmethod

from human_detector.__main__ import main
from human_detector.processes.decoder_pool import DecoderPool
from support.broken_decoder import PROGRAM

if __name__ == "__main__":
    DecoderPool.__init__ = partialmethod(DecoderPool.__init__, program=PROGRAM)
    sys.exit(main(["worker", *sys.argv[1:]]))
