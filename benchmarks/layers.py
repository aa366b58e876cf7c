"""What the networks spend their time on, layer by layer, and how near that is to what the processor can do.

    benchmarks/layers.py

Each network runs in OpenVINO on one core with its profile on. "ceiling" is the speed of 32 large 1x1
convolutions in a row, the most favourable work there is, on one core in the same process.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from measuring import Run, command_line, machine, print_table, write_json

# isort: split
# measuring has seen to it that the packages are there.
import numpy as np

MODELS = {"HumanDetector": "ssdlite_pedestrian", "FaceDetector": "mobilenet_ssd_widerface"}
CHANNELS, SIDE, CONVOLUTIONS = 512, 32, 32
CEILING_OPERATIONS = 2 * CONVOLUTIONS * CHANNELS**2 * SIDE**2
FRAMES = 50


def build_arithmetic(names: Sequence[str], precision: str) -> Run:
    """As many operations as the networks of these detectors need for `FRAMES` frames, at the ceiling."""
    import openvino as ov

    compiled = compile_model(ceiling_model(), precision, {"PERFORMANCE_HINT": "THROUGHPUT"})
    requests = ov.AsyncInferQueue(compiled)
    needed = FRAMES * sum(sum(operations(network_of(name)).values()) for name in names)
    images = np.ones((1, CHANNELS, SIDE, SIDE), np.float32)

    def run() -> int:
        for _ in range(math.ceil(needed / CEILING_OPERATIONS)):
            requests.start_async({0: images}, share_inputs=True)
        requests.wait_all()
        return FRAMES

    return run


def ceiling_model() -> Any:
    """1x1 convolutions that keep the numbers as they are."""
    import openvino as ov
    from openvino import opset8

    images = opset8.parameter([1, CHANNELS, SIDE, SIDE], np.float32)
    weights = opset8.constant(np.full((CHANNELS, CHANNELS, 1, 1), 1 / CHANNELS, np.float32))
    output = images
    for _ in range(CONVOLUTIONS):
        output = opset8.convolution(output, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.Model([output], [images], "ceiling")


def network_of(name: str) -> Any:
    """A detector's network as the product gives it to OpenVINO."""
    import openvino as ov

    from human_detector.inference.model_files import find_model
    from human_detector.inference.openvino_graph import read_network
    from human_detector.inference.ssd_network import find_network

    network = find_network(MODELS[name], find_model(MODELS[name]))
    assert network is not None
    return read_network(ov.Core(), network)


def compile_model(model: Any, precision: str, options: Mapping[str, Any]) -> Any:
    """The model for the CPU."""
    import openvino as ov

    kinds = {"fp32": ov.Type.f32, "bf16": ov.Type.bf16}
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": kinds[precision], **options})


ONE_CORE = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}


def operations(model: Any) -> dict[str, int]:
    """Additions and multiplications of each convolution for one image, by its name."""
    found = {}
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            weights = node.input_value(1).get_shape()
            # [results, channels, height, width], behind the groups if there are any.
            inputs = weights[2:] if node.get_type_name() == "GroupConvolution" else weights[1:]
            found[node.get_friendly_name()] = 2 * math.prod(node.output(0).get_shape()) * math.prod(inputs)
    return found


def profile(name: str, precision: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Milliseconds of one image by kind of layer, the median of the rounds, and the speed of each kind."""
    model = network_of(name)
    work, kinds = operations(model), {node.get_friendly_name(): kind_of(node) for node in model.get_ops()}
    compiled = compile_model(model, precision, {**ONE_CORE, "PERF_COUNT": True})
    images = np.random.default_rng(0).uniform(0, 255, compiled.input(0).shape).astype(np.float32)
    request, times = compiled.create_infer_request(), defaultdict(list)
    for _ in range(rounds + 3):  # The first three warm up.
        request.infer({0: images})
        sums: dict[str, float] = defaultdict(float)
        for layer in request.profiling_info:
            sums[kinds.get(layer.node_name, "other")] += layer.real_time.total_seconds() * 1000
        for kind in ("1x1 convolution", "other convolution", "depthwise convolution", "other"):
            times[kind].append(sums[kind])
    medians = {kind: statistics.median(taken[3:]) for kind, taken in times.items()}
    for kind, milliseconds in medians.items():
        done = sum(count for layer, count in work.items() if kinds[layer] == kind)
        yield {
            "network": name,
            "precision": precision,
            "layers": kind,
            "ms": milliseconds,
            "share": milliseconds / sum(medians.values()),
            **({"GFLOP_per_s": done / milliseconds / 1e6} if done else {}),
        }


def kind_of(node: Any) -> str:
    """In which row of the table a node of the model belongs."""
    if node.get_type_name() == "GroupConvolution":
        return "depthwise convolution"
    if node.get_type_name() == "Convolution":
        pointwise = math.prod(node.input_value(1).get_shape()[2:]) == 1
        return "1x1 convolution" if pointwise else "other convolution"
    return "other"


def ceiling(precision: str, rounds: int) -> dict[str, Any]:
    """The row of the ceiling."""
    request = compile_model(ceiling_model(), precision, ONE_CORE).create_infer_request()
    images, taken = np.ones((1, CHANNELS, SIDE, SIDE), np.float32), []
    for _ in range(rounds + 3):
        started = time.perf_counter()
        request.infer({0: images})
        taken.append(time.perf_counter() - started)
    seconds = statistics.median(taken[3:])
    return {
        "network": "ceiling",
        "precision": precision,
        "layers": "1x1 convolution",
        "ms": seconds * 1000,
        "GFLOP_per_s": CEILING_OPERATIONS / seconds / 1e9,
    }


def main() -> None:
    """Entry point."""
    options = command_line(__doc__, 30).parse_args()
    rows = []
    for precision in ("fp32", *(["bf16"] * machine()["bf16"])):
        for name in MODELS:
            rows += profile(name, precision, options.rounds)
        rows.append(ceiling(precision, options.rounds))
    print_table(f"One image on one core, medians of {options.rounds} rounds", rows)
    write_json("layers", {"layers": rows}, rounds=options.rounds)


if __name__ == "__main__":
    main()
