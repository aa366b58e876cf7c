#!/usr/bin/env bash
# Gets every model, or those that are named; see the text below.
set -euo pipefail

scripts_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

known=()
for script in "$scripts_folder"/get_*.sh; do
    name=${script##*/get_}
    known+=("${name%.sh}")
done

if [[ ${1-} == -h || ${1-} == --help ]]; then
    cat <<USAGE
Usage: ${0##*/} [--help] [MODEL...]

Gets the models that are named, or all of them: ${known[*]}.
Each lands in MODEL/frozen_inference_graph.pb beside this script, or in the folder \$MODEL_DIR. What is already there
is left as it is. One that fails does not stop the others; the status is 0 only if all of them are there.
get_MODEL.sh --help tells of each model.
USAGE
    exit 0
fi

names=("$@")
if (($# == 0)); then
    names=("${known[@]}")
fi
for name in "${names[@]}"; do
    if [[ " ${known[*]} " != *" $name "* ]]; then
        printf "%s: unknown model '%s'; known are: %s\n" "${0##*/}" "$name" "${known[*]}" >&2
        exit 2
    fi
done

summary=()
status=0
for name in "${names[@]}"; do
    if "$scripts_folder/get_$name.sh"; then
        summary+=("ready   $name")
    else
        summary+=("FAILED  $name")
        status=1
    fi
done
printf '%s\n' "${summary[@]}"
exit "$status"
