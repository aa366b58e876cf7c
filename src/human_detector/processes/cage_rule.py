"""What becomes of a process that could not be confined: `worker.cage` says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.values import REQUIRED

log = logging.getLogger(__name__)


class CageRule:
    """Judges what processes say of their cages, and says each thing once.

    Args:
        cage: `required`: refuse to run where something is missing; `preferred`: one warning.
    """

    def __init__(self, cage: str) -> None:
        self._cage = cage
        self._said: set[str] = set()

    def judge(self, who: str, message: Mapping[str, Any]) -> None:
        """Judge one process.

        Args:
            who: the process, in words.
            message: a checked message with what is missing of its cage.

        Raises:
            ConfigurationError: a cage is required, and there is none.
        """
        if missing := "; ".join(message["missing"]):
            if self._cage == REQUIRED:
                raise ConfigurationError(
                    f'worker.cage, or HUMAN_DETECTOR_CAGE, is "required", but {who} cannot be confined here: '
                    f"{missing}"
                )
            self._say(logging.WARNING, f"{who} is not confined as it should be: {missing}")
        if extras := "; ".join(message["missing_extras"]):
            self._say(logging.INFO, f"{who} is confined without what newer kernels have: {extras}")

    def _say(self, level: int, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            log.log(level, "%s", sentence)
