#!/usr/bin/env bash
# Gets every model, or those that are named; see the text below.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

answer_help "Usage: ${0##*/} [--help] [MODEL...]

Gets the models that are named, or all of them. Each lands in the folder MODEL beside this script, or in
the folder \$MODEL_DIR. What is already there is left as it is. One that fails does not stop the others; the status is 0
only if all of them are there. get_MODEL.sh --help tells of each model." "$@"

if (($# == 0)); then
  set -- --all
fi
get_models "$@"
