"""Writes the anonymised copy of one video from its result: the worker starts this as a process of its own.

python -m human_detector.drawing.anonymizing VIDEO RESULT COPY WISHES

WISHES is JSON, the section `anonymize` of the configuration. People use `human-detector anonymize`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from human_detector.drawing.anonymizing.copies import write_anonymized
from human_detector.drawing.anonymizing.regions import Scene
from human_detector.drawing.anonymizing.wishes import AnonymizingWishes
from human_detector.errors import in_words
from human_detector.results.reader import read_local_result


def main(video: str, result: str, copy: str, wishes_as_json: str) -> int:
    """Write the copy; returns the exit status."""
    wishes = AnonymizingWishes(**json.loads(wishes_as_json))
    try:
        document = read_local_result(Path(result))
        frames = Scene(document, wishes).marks()
        write_anonymized(
            Path(video), document, frames, wishes, Path(copy), lambda _share: None, lambda: False
        )
    except Exception as error:  # whatever it is, the worker is told in a line
        print(in_words(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
