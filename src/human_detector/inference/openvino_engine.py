"""Runs detection graphs with OpenVINO: on a CPU, faster than TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.engine import Candidates, ModelSettings, NotForThisEngine, Picture
from human_detector.inference.openvino_device import (
    DEVICE,
    core,
    engine_info,
    options,
    processor,
    reason,
)
from human_detector.inference.openvino_graph import read_network, read_quantised, read_whole
from human_detector.inference.openvino_precision import Chosen, choose_precision
from human_detector.inference.openvino_requests import Requests
from human_detector.inference.ssd_network import OUTPUTS, SsdNetwork, find_network, require_outputs
from human_detector.inference.ssd_surgery import BOXES, SCORES


class OpenVinoEngine:
    """One model in OpenVINO: the network alone where it can be cut out, else the whole graph.

    Args:
        settings: what to load.

    Raises:
        NotForThisEngine: OpenVINO cannot read the graph, or run it on this CPU.
        ConfigurationError: the file is damaged, is no detection graph, or the CPU lacks the precision.
    """

    def __init__(self, settings: ModelSettings) -> None:
        chosen = choose_precision(settings)
        self.info = engine_info(chosen.precision)
        self._network = find_network(settings.model, settings.graph)
        self.input_size = self._network.input_size if self._network else None
        self.class_names: Mapping[int, str] = {}
        try:
            model = _read(settings, self._network, chosen)
        except RuntimeError as error:
            raise NotForThisEngine(
                f"the model {settings.model!r} cannot be read by OpenVINO ({reason(error)}): "
                f"{settings.graph} is damaged, or has operations that only the engine tensorflow knows"
            ) from error
        try:
            compiled = core().compile_model(model, DEVICE, options(chosen.precision, "THROUGHPUT"))
        except RuntimeError as error:
            raise NotForThisEngine(
                f"the model {settings.model!r} cannot be run by OpenVINO on this CPU ({processor()}): "
                f"{reason(error)}; the engine tensorflow may run it"
            ) from error
        names = (BOXES, SCORES) if self._network else OUTPUTS
        outputs = {name.partition(":")[0]: output for output in compiled.outputs for name in output.names}
        require_outputs(settings.model, outputs, names)
        self._requests = Requests(compiled, [outputs[name] for name in names])

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """See `Engine`."""
        jobs = [self._requests.start({0: image[np.newaxis]}) for image in images]
        return lambda: [self._candidates(self._requests.outputs_of(job), min_score) for job in jobs]

    def _candidates(self, outputs: Sequence[NDArray[np.float32]], min_score: float) -> Candidates:
        """What the outputs say of one image."""
        of_image = [output[0] for output in outputs]
        if self._network is None:
            return Candidates.at_least(min_score, of_image)
        boxes, scores = of_image
        return self._network.suppression.apply(boxes, scores, min_score)


def _read(settings: ModelSettings, network: SsdNetwork | None, chosen: Chosen) -> Any:
    if chosen.network:
        return read_quantised(core(), settings.model, chosen.network)
    return read_network(core(), network) if network else read_whole(core(), settings.graph)
