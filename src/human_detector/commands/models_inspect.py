"""human-detector models inspect FILE"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from human_detector.commands.exit_statuses import EXIT_CONFIGURATION
from human_detector.commands.lines import complain, say
from human_detector.errors import ConfigurationError

if TYPE_CHECKING:
    from human_detector.inference.onnx_file import OnnxFile
    from human_detector.inference.onnx_model import OnnxModel

MOST_NAMES = 6


def add_arguments(actions: Any) -> None:
    """Describe the command line."""
    inspect = actions.add_parser(
        "inspect",
        help="show what an ONNX model takes and says, and whether that is understood",
        description="Show inputs and outputs of an ONNX model, the layout that was recognised and how frames "
        "are prepared, or what is missing. The status is 0 if the model can be used.",
        epilog="For example: human-detector models inspect yolox_s.onnx",
    )
    inspect.add_argument("model", metavar="FILE", help="an ONNX file, or a model by its name")


def inspect(options: argparse.Namespace) -> int:
    """Show the model; returns the exit status."""
    # Imported when needed: the scripts in model/ get models where nothing else is installed.
    from human_detector.inference.engine import ModelSettings
    from human_detector.inference.load_engine import load_engine
    from human_detector.inference.model_files import find_model, is_onnx
    from human_detector.inference.onnx_file import read_onnx
    from human_detector.inference.onnx_model import read_model

    try:
        path = find_model(options.model)
        if not is_onnx(path):
            raise ConfigurationError(f"FILE: found {str(path)!r}, valid is an ONNX file (.onnx)")
        _show(_facts(read_onnx(options.model, path)))
        _show(_meaning(read_model(options.model, path)))
        engine = load_engine("auto", ModelSettings(options.model, path, 1)).info
        _show([("engine", f"{engine.name} {engine.version} on {engine.device} runs it")])
    except ConfigurationError as error:
        complain("human-detector models inspect", error)
        return EXIT_CONFIGURATION
    return 0


def _show(rows: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> None:
    for what, text in rows:
        say(f"{what + ':':<10} {text}")


def _facts(file: OnnxFile) -> Iterator[tuple[str, str]]:
    """What stands in the file."""
    yield "file", f"{file.path}, {file.path.stat().st_size / 1e6:.1f} MB"
    yield from (("input", str(tensor)) for tensor in file.inputs)
    yield from (("output", str(tensor)) for tensor in file.outputs)


def _meaning(model: OnnxModel) -> Iterator[tuple[str, str]]:
    """What it means."""
    from human_detector.inference.output_layouts import LAYOUTS

    given, output = model.input, model.output
    size = f"{given.size[1]}x{given.size[0]}" if given.size else f"any, up to {given.longest_side} pixels"
    yield "layout", f"{output.layout}, {LAYOUTS[output.layout].looks}"
    yield "read", ", ".join(f"{role} from {name}" for role, name in output.roles.items())
    numbers = f"(pixel - {_per_colour(given.mean)}) / {_per_colour(given.scale)}"
    yield "frames", f"{size}, {given.fit}, {given.colours}, {numbers}"
    yield "boxes", f"{output.box_format} in {output.box_unit}, {_suppression(output.nms_iou)}"
    yield "classes", _names([f"{number} {name}" for number, name in model.class_names.items()])


def _per_colour(values: Sequence[float]) -> str:
    return (
        f"{values[0]:g}" if len(set(values)) == 1 else "[" + ", ".join(f"{value:g}" for value in values) + "]"
    )


def _suppression(iou: float) -> str:
    return f"of those that overlap more than {iou:g} the best stays" if iou < 1 else "all stay"


def _names(names: Sequence[str]) -> str:
    if not names:
        return "not named: put names into a model.yaml, or give class_id"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
