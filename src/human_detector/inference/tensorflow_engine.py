"""Runs detection graphs with TensorFlow: frozen graphs and SavedModels, on the GPU if there is one."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

# Before the import: TensorFlow's start-up chatter would drown the worker's own log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Candidates, ModelSettings, Picture
from human_detector.inference.model_files import SAVED_MODEL, damaged
from human_detector.inference.ssd_graph import IMAGE_TENSOR
from human_detector.inference.ssd_network import OUTPUTS, SsdNetwork, find_network, require_outputs
from human_detector.inference.ssd_surgery import BOXES, IMAGES, SCORES
from human_detector.utils import usable_cores
from human_detector.values import EngineInfo

log = logging.getLogger(__name__)

MAX_CPU_STREAMS = 8
"""The most images that a CPU computes at the same time; of more cores, each image gets several."""

_Function = Callable[[Any], Sequence[Any]]
_Arrays = list[NDArray[np.float32]]


@cache
def gpu_names() -> list[str]:
    """The visible GPUs, such as `GPU:0 Tesla T4`; they are set to take memory as they need it."""
    names = []
    for number, gpu in enumerate(tf.config.list_physical_devices("GPU")):
        # By default TensorFlow takes all memory of all GPUs.
        tf.config.experimental.set_memory_growth(gpu, True)
        model = tf.config.experimental.get_device_details(gpu).get("device_name", "")
        names.append(f"GPU:{number} {model}".strip())
    return names


class TensorFlowEngine:
    """One model in TensorFlow: the network alone where it can be cut out, else the whole graph.

    Args:
        settings: what to load.

    Raises:
        ConfigurationError: the file is damaged, is no detection graph, or the device lacks the precision.
    """

    def __init__(self, settings: ModelSettings) -> None:
        gpu = next(iter(gpu_names()), None)
        # Before anything else is asked of TensorFlow, which cannot change its threads later.
        self._streams = None if gpu else _cpu_streams()
        precision = _set_precision(settings.precision)
        self.info = EngineInfo("tensorflow", tf.__version__, gpu or "CPU", precision)
        self._network = find_network(settings.model, settings.graph)
        self.input_size = self._network.input_size if self._network else None
        self.class_names: Mapping[int, str] = {}
        try:
            self._function, takes_one = _load(settings.graph, self._network)
        except ConfigurationError as error:
            raise ConfigurationError(f"the model {settings.model!r}: {error}") from error
        except Exception as error:  # TensorFlow raises a dozen kinds for a broken file
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise damaged(settings.model, settings.graph, reason) from error
        self._batch_size = settings.batch_size if gpu and not takes_one else 1

    def start(self, images: Sequence[Picture], min_score: float) -> Callable[[], list[Candidates]]:
        """See `Engine`."""
        batch_size = self._batch_size
        try:
            running = [(len(batch), self._run(self._padded(batch))) for batch in self._batches(images)]
        except tf.errors.ResourceExhaustedError as error:
            self._halve_batches(batch_size, error)
            return self.start(images, min_score)

        def finish() -> list[Candidates]:
            try:
                # The device reports only here that it ran out of memory, mostly.
                arrays = [(count, outputs()) for count, outputs in running]
            except tf.errors.ResourceExhaustedError as error:
                self._halve_batches(batch_size, error)
                return self.start(images, min_score)()
            return [
                self._candidates([array[row] for array in batch], min_score)
                for count, batch in arrays
                for row in range(count)
            ]

        return finish

    def _run(self, batch: Picture) -> Callable[[], _Arrays]:
        """Start a batch; the function that is returned waits for the outputs."""

        def begin() -> Callable[[], _Arrays]:
            # A GPU goes on computing when this returns, and only `numpy` waits for it.
            tensors = self._function(tf.constant(batch))
            return lambda: [tensor.numpy() for tensor in tensors]

        return self._streams.submit(lambda: begin()()).result if self._streams else begin()

    def _batches(self, images: Sequence[Picture]) -> Iterator[Sequence[Picture]]:
        """Images of one size that can go through the graph together."""
        for _, same_size in itertools.groupby(images, key=lambda image: image.shape):
            remaining = list(same_size)
            while remaining:
                yield remaining[: self._batch_size]
                del remaining[: self._batch_size]

    def _padded(self, images: Sequence[Picture]) -> Picture:
        """The images as one array of the full batch size, filled up with black.

        A batch of another shape would make the GPU's libraries choose their algorithms again, and round in
        another way.
        """
        if self._batch_size == 1:
            return images[0][np.newaxis]
        batch = np.zeros((self._batch_size, *images[0].shape), images[0].dtype)
        np.stack(images, out=batch[: len(images)])
        return batch

    def _candidates(self, outputs: Sequence[NDArray[np.float32]], min_score: float) -> Candidates:
        """What one image's share of the outputs says."""
        if self._network is None:
            return Candidates.at_least(min_score, outputs)
        boxes, scores = outputs
        return self._network.suppression.apply(boxes, scores, min_score)

    def _halve_batches(self, tried: int, error: Exception) -> None:
        """After the device has run out of memory: the job goes on with smaller batches.

        Args:
            tried: images in the batch that was too large. Another of that size may have failed before it.
            error: that the device raised.

        Raises:
            Exception: the given one, when the batch is down to one image.
        """
        if self._batch_size < tried:
            return
        if tried == 1:
            raise error
        self._batch_size = tried // 2
        log.warning("out of memory on %s: batches of %d from now on", self.info.device, self._batch_size)


@cache
def _cpu_streams() -> ThreadPoolExecutor:
    """Threads that each compute one image on one core, for all models of the process.

    That is faster than all cores on one batch: they do not wait for each other after every layer, and what a
    layer hands to the next stays in the core's cache.
    """
    cores = usable_cores()
    streams = min(cores, MAX_CPU_STREAMS)
    with suppress(RuntimeError):  # Where TensorFlow is in use already, it keeps its threads.
        tf.config.threading.set_intra_op_parallelism_threads(cores // streams)
    # One more, so that no core is idle while Python takes an image's results.
    return ThreadPoolExecutor(streams + 1, "tensorflow")


_precision_in_use: list[str] = []


def _set_precision(precision: str) -> str:
    """Have TensorFlow compute convolutions and products in 16 bits, where they lose little.

    TensorFlow rewrites all graphs of a process or none.

    Returns:
        The precision; of `auto`, what it is here: 16 bits on a CPU that has them, 32 on a GPU, where nobody
        has measured what 16 gain.

    Raises:
        ConfigurationError: the device lacks the precision, or another detector uses another one.
    """
    options = _precisions()
    if precision == "auto":
        precision = "bf16" if "bf16" in options else "fp32"
    if precision not in options:
        raise ConfigurationError(
            f"precision: found {precision!r}, valid for TensorFlow on this "
            f"{'GPU' if gpu_names() else 'CPU'} are {', '.join([*options, 'auto'])}"
        )
    if _precision_in_use and precision not in _precision_in_use:
        raise ConfigurationError(
            f"precision: found {precision!r} beside {_precision_in_use[0]!r}, valid is one for all detectors "
            "that use TensorFlow"
        )
    _precision_in_use.append(precision)
    tf.config.optimizer.set_experimental_options(options[precision])
    return precision


def _precisions() -> dict[str, dict[str, bool]]:
    """What this device can compute in, and the options of TensorFlow's graph optimizer for it."""
    if gpu_names():
        return {"fp32": {}, "fp16": {"auto_mixed_precision": True}}
    if {"avx512_bf16", "amx_bf16"} & _processor_flags():
        return {"fp32": {}, "bf16": {"auto_mixed_precision_onednn_bfloat16": True}}
    return {"fp32": {}}


def _processor_flags() -> set[str]:
    """The instruction sets of the processor as Linux names them; empty elsewhere."""
    try:
        return set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return set()


def _load(graph: Path, network: SsdNetwork | None) -> tuple[_Function, bool]:
    """The function to call, and whether it takes one image at a time."""
    if network:
        return _function_of(network.graph_def, IMAGES, (BOXES, SCORES))
    if graph.name == SAVED_MODEL:
        return _load_saved_model(graph)
    return _function_of(graph.read_bytes(), IMAGE_TENSOR, OUTPUTS)


def _function_of(graph_def: bytes, source: str, outputs: Sequence[str]) -> tuple[_Function, bool]:
    parsed = tf.compat.v1.GraphDef.FromString(graph_def)
    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(parsed, name=""), [])
    image_tensor, *fetches = (imported.graph.get_tensor_by_name(f"{name}:0") for name in (source, *outputs))
    return imported.prune(image_tensor, fetches), _takes_one(image_tensor.shape)


def _load_saved_model(path: Path) -> tuple[_Function, bool]:
    loaded = tf.saved_model.load(str(path.parent))
    signature = loaded.signatures["serving_default"]
    require_outputs(path.parent.name, signature.structured_outputs)
    ((key, spec),) = signature.structured_input_signature[1].items()

    def function(images: Any, _keep_variables_alive: Any = loaded) -> Sequence[Any]:
        outputs = signature(**{key: images})
        return [outputs[name] for name in OUTPUTS]

    return function, _takes_one(spec.shape)


def _takes_one(shape: Any) -> bool:
    """The SavedModels of the TensorFlow 2 zoo take one image at a time."""
    return bool(shape.rank) and shape[0] == 1
