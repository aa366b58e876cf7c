#!/usr/bin/env bash
# Gets the general model of people; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help]

Gets CenterNet MobileNet v3 (COCO), a small human detector that also finds people who sit or are cut off, into
centernet_mobilenetv3/frozen_inference_graph.pb beside this script: the graph is rebuilt from the model in the npm package
@vladmandic/human (MIT), which needs npm and the packages of the product. Downloads 28 MB, keeps 8 MB of them. Delete the
folder to get the model anew.

Environment:
  MODEL_DIR   folder that takes the model's folder, instead of this script's
  PYTHON      interpreter to use, instead of .venv/bin/python or python3
  npm's own variables and configuration say where packages come from" "$@"
refuse_arguments "$@"
get_models centernet_mobilenetv3
