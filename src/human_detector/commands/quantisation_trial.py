"""A quantised network on trial beside its model: made, compared, stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from human_detector.inference.checksum import Checksum
from human_detector.inference.engine import Candidates, ModelSettings
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_catalogue import MODELS
from human_detector.inference.openvino_device import version
from human_detector.inference.quantise import quantise, read_network_of, read_picture, require_nncf, save
from human_detector.inference.quantised_models import store_quantised
from human_detector.results.agreement import MARGIN, Agreement, compare
from human_detector.values import Box, Detection

Found = Sequence[Detection]


class QuantisationTrial:
    """A model and its quantised form.

    Args:
        model: as its user names it.
        graph: its file.
        folder: for the network, on the disk of the file.

    Raises:
        ConfigurationError: NNCF is missing, or the model is damaged or of a kind that cannot be quantised.
    """

    def __init__(self, model: str, graph: Path, folder: Path) -> None:
        self._model, self._graph = model, graph
        self._nncf = require_nncf()
        self._network = read_network_of(model, graph)
        self._file = folder / "network.xml"

    def make(self, pictures: Sequence[Path]) -> None:
        """Quantise."""
        save(quantise(self._network, pictures), self._file)

    def agreement(self, pictures: Sequence[Path], threshold: float) -> Agreement:
        """How well the two agree on pictures, from a score on."""
        exact = ModelSettings(self._model, self._graph, 1)
        int8 = ModelSettings(self._model, self._graph, 1, "int8", self._file)
        least = max(threshold - MARGIN, 0.0)
        return compare(self._found(exact, pictures, least), self._found(int8, pictures, least), threshold)

    def store(self, calibration: Mapping[str, Any], found: Agreement) -> Path:
        """Put the quantised form beside the model.

        Args:
            calibration: what it was made with, `sha256` among it.
            found: how well it agrees.

        Returns:
            The file that tells of it.
        """
        facts = {
            "model": {"file": self._graph.name, "sha256": Checksum.of(self._graph).value},
            "calibration": dict(calibration),
            "nncf": self._nncf,
            "openvino": version(),
            "agreement": found.to_dict(),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return store_quantised(self._graph, self._file, facts)

    def _found(self, settings: ModelSettings, pictures: Sequence[Path], least: float) -> Iterator[Found]:
        engine = load_engine("openvino", settings)
        scaler = FrameScaler(*engine.input_size) if engine.input_size else None
        for path in pictures:
            image = read_picture(path)
            (candidates,) = engine.start([scaler.scale(image) if scaler else image], least)()
            yield [each for each in _detections(candidates) if self._matters(each)]

    def _matters(self, found: Detection) -> bool:
        """Of a model of the catalogue the first class, which it is there for; of others all that it finds."""
        return self._model not in MODELS or found.label == "1"


def _detections(candidates: Candidates) -> Iterator[Detection]:
    """With the number of the class for a label."""
    rows = (candidates.classes.tolist(), candidates.scores, candidates.boxes)
    for class_id, score, (y_min, x_min, y_max, x_max) in zip(*rows, strict=True):
        yield Detection(str(class_id), min(float(score), 1.0), Box.clipped(x_min, y_min, x_max, y_max))
