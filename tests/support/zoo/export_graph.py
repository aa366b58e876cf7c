"""Exports a graph of the detection zoo's structure, with random weights.

python export_graph.py NAME FILE

Runs in an environment of its own (requirements.txt beside this file), with the exporter that made the zoo's graphs, on TensorFlow
2.15 in the manner of TensorFlow 1. What the exporter imports and never needs for this is put aside by stand-ins.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
from pathlib import Path
from typing import Any

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np

for old, kind in (("bool", bool), ("int", int), ("float", float), ("object", object)):
    if old not in vars(np):
        setattr(np, old, kind)


PUT_ASIDE = ("tensorflow_io", "tensorflow.contrib")


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what is put aside, and everything below it: modules that have whatever they are asked for."""

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if any(name == aside or name.startswith(f"{aside}.") for aside in PUT_ASIDE):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Anything(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _Anything(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


sys.meta_path.insert(0, _StandIns())

import tensorflow.compat.v1 as tf
from tf_keras.src import legacy_tf_layers
from tf_keras.src.legacy_tf_layers import convolutional, core, normalization, pooling

# TensorFlow looks for them where they were before.
sys.modules["tf_keras.legacy_tf_layers"] = legacy_tf_layers
for module in (convolutional, core, normalization, pooling):
    sys.modules[module.__name__.replace(".src.", ".")] = module

import object_detection

# The networks are in a package `nets` of their own, which lies inside this one.
sys.path += object_detection.__path__
tf.disable_v2_behavior()
from google.protobuf import text_format
from object_detection import exporter
from object_detection.builders import model_builder
from object_detection.protos import pipeline_pb2

FASTER_RCNN = """
model { faster_rcnn {
  num_classes: 90
  image_resizer { keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 1024 } }
  feature_extractor { type: 'faster_rcnn_%s' first_stage_features_stride: 16 }
  first_stage_anchor_generator { grid_anchor_generator {
    scales: [0.25, 0.5, 1.0, 2.0] aspect_ratios: [0.5, 1.0, 2.0] height_stride: 16 width_stride: 16 } }
  first_stage_box_predictor_conv_hyperparams { op: CONV
    regularizer { l2_regularizer { weight: 0.0 } }
    initializer { truncated_normal_initializer { stddev: 0.01 } } }
  first_stage_nms_score_threshold: 0.0
  first_stage_nms_iou_threshold: 0.7
  first_stage_max_proposals: 300
  initial_crop_size: 14 maxpool_kernel_size: 2 maxpool_stride: 2
  second_stage_box_predictor { mask_rcnn_box_predictor { use_dropout: false dropout_keep_probability: 1.0
    fc_hyperparams { op: FC regularizer { l2_regularizer { weight: 0.0 } }
      initializer { variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG } } } } }
  second_stage_post_processing {
    batch_non_max_suppression { score_threshold: 0.3 iou_threshold: 0.6
      max_detections_per_class: 100 max_total_detections: 100 }
    score_converter: SOFTMAX }
} }
"""

SSD = """
model { ssd {
  num_classes: 90
  box_coder { faster_rcnn_box_coder { y_scale: 10.0 x_scale: 10.0 height_scale: 5.0 width_scale: 5.0 } }
  matcher { argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.5 } }
  similarity_calculator { iou_similarity { } }
  anchor_generator { ssd_anchor_generator { num_layers: 6 min_scale: 0.2 max_scale: 0.95
    aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333] } }
  image_resizer { fixed_shape_resizer { height: 300 width: 300 } }
  box_predictor { convolutional_box_predictor { min_depth: 0 max_depth: 0
    num_layers_before_predictor: 0 use_dropout: false dropout_keep_probability: 0.8
    kernel_size: %d box_code_size: 4 apply_sigmoid_to_scores: false
    conv_hyperparams { activation: RELU_6 regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { truncated_normal_initializer { stddev: 0.03 } }
      batch_norm { train: true scale: true center: true decay: 0.9997 epsilon: 0.001 } } } }
  feature_extractor { type: '%s' min_depth: 16 depth_multiplier: 1.0
    conv_hyperparams { activation: RELU_6 regularizer { l2_regularizer { weight: 0.00004 } }
      initializer { truncated_normal_initializer { stddev: 0.03 } }
      batch_norm { train: true scale: true center: true decay: 0.9997 epsilon: 0.001 } } }
  loss { classification_loss { weighted_sigmoid { } } localization_loss { weighted_smooth_l1 { } } }
  post_processing {
    batch_non_max_suppression { score_threshold: 1e-8 iou_threshold: 0.6
      max_detections_per_class: 100 max_total_detections: 100 }
    score_converter: SIGMOID }
} }
"""

PIPELINES = {
    "faster_rcnn_resnet101": FASTER_RCNN % "resnet101",
    "faster_rcnn_resnet50": FASTER_RCNN % "resnet50",
    "ssd_mobilenet_v1": SSD % (1, "ssd_mobilenet_v1"),
    "ssd_mobilenet_v2": SSD % (1, "ssd_mobilenet_v2"),
}
"""The settings that decide the graph, as the zoo's pipeline files have them."""


def export(name: str) -> bytes:
    """The frozen graph of one of `PIPELINES`."""
    pipeline = text_format.Parse(PIPELINES[name], pipeline_pb2.TrainEvalPipelineConfig())
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(2018)
        model = model_builder.build(pipeline.model, is_training=False)
        outputs, _ = exporter.build_detection_graph(
            "image_tensor", model, None, "inference_op", graph_hook_fn=None
        )
        wanted = [
            key
            for key in ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
            if key in outputs
        ]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for variable in tf.global_variables():
                _tame(variable, session)
            frozen = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), wanted)
    return bytes(frozen.SerializeToString())


_random = np.random.default_rng(2018)


def _tame(variable: Any, session: Any) -> None:
    """Give weights that keep the size of what goes through, so that a hundred layers neither die out nor overflow.

    The scores spread: what the network says about one place differs from what it says about another.
    """
    name, shape = variable.op.name, variable.shape.as_list()
    if "unit" not in name and name.endswith("conv1/BatchNorm/gamma"):
        variable.load(np.full(shape, 0.02, np.float32), session)
    elif name.endswith("conv3/BatchNorm/gamma"):
        variable.load(np.full(shape, 0.1, np.float32), session)
    elif name.endswith(("/weights", "/depthwise_weights")):
        inputs = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
        drawn = _random.normal(0, np.sqrt(2 / inputs), shape)
        if "depthwise" not in name:
            drawn -= drawn.mean(axis=tuple(range(len(shape) - 1)))
        variable.load((drawn * _strength(name)).astype(np.float32), session)


def _strength(name: str) -> float:
    """Of the last layers, how much they say; of linear ones, whose results are added up, less than of others."""
    if "BoxEncodingPredictor" in name:
        return 0.5
    if "ClassPredictor" in name:
        return 10.0
    if name.endswith("project/weights"):
        return 0.4
    return 1.0


if __name__ == "__main__":
    name, file = sys.argv[1:]
    Path(file).write_bytes(export(name))
