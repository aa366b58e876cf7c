#!/usr/bin/env bash
# Gets the human detector's default model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help]

Gets Faster R-CNN ResNet-101 (COCO), the human detector's default model, from TensorFlow's detection zoo into
faster_rcnn_resnet101_coco/frozen_inference_graph.pb beside this script. Downloads 593 MB, keeps 196 MB of them.
A download that was stopped goes on where it stopped. Delete the folder to get the model anew.

Environment:
  MODEL_DIR           folder that takes the model's folder, instead of this script's
  DETECTION_ZOO_URL   folder to download from, instead of the zoo's
  PYTHON              interpreter to use, instead of .venv/bin/python or python3" "$@"
refuse_arguments "$@"
get_models faster_rcnn_resnet101_coco
