#!/usr/bin/env bash
# Gets the human detector's default model; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

readonly RELEASE=faster_rcnn_resnet101_coco_2018_01_28
readonly SIZE=593445323
readonly SHA384=d39799f52422740e78f66b9f8df2c360b232fb39a1d895d89dbebf71c4a9e65369b8d42f52e442552f13d11fe23ca758

start_model faster_rcnn_resnet101_coco "Usage: ${0##*/} [--help]

Gets Faster R-CNN ResNet-101 (COCO), the human detector's default model, from TensorFlow's detection zoo into
faster_rcnn_resnet101_coco/frozen_inference_graph.pb beside this script. Downloads 593 MB, keeps 196 MB of them.
A download that was stopped goes on where it stopped. Delete the folder to get the model anew.

Environment:
  MODEL_DIR           folder that takes the model's folder, instead of this script's
  DETECTION_ZOO_URL   folder to download from, instead of the zoo's" "$@"

zoo_url=${DETECTION_ZOO_URL:-http://download.tensorflow.org/models/object_detection}
tarball=$folder/$RELEASE.tar.gz
fetch "$zoo_url/$RELEASE.tar.gz" "$tarball" sha384 "$SHA384" "$SIZE" || exit 1

member=$RELEASE/frozen_inference_graph.pb
tar -xzOf "$tarball" "$member" >"$work/graph.pb" || fail "cannot take $member out of $tarball"
finish_model "$work/graph.pb"
rm -f -- "$tarball"
