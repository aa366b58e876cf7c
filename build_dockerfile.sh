#!/usr/bin/env bash
# Builds the worker's image; see the text below.
set -euo pipefail

# shellcheck source=deployment.sh
source "$(dirname "${BASH_SOURCE[0]}")/deployment.sh"

read_options "Usage: ${0##*/} [--dry-run] [--help]

Gets the models that variables.json names, then builds the image for the instance type in it (ecs.instance_type):
with TensorFlow for a current GPU, with an older TensorFlow for p2, or with OpenVINO for no GPU. The image holds
the models and variables.json; after a change of either, build again. What is in the image is listed in sbom/.

Environment:
  BASE_IMAGE   Python image to build on, instead of the one in the Dockerfile
  MODELS       names of the models to put into the image, instead of those in variables.json" "$@"

load_settings
require_docker
repository=$(setting repository)
models=${MODELS-$(setting models)}

for model in $models; do
  if [[ -x $root/model/get_$model.sh ]]; then
    run "$root/model/get_$model.sh" || fail "the model $model could not be had (see above)"
  elif [[ ! -d $root/model/$model ]]; then
    fail "there is no model $model: put it into model/$model, or name one of $(cd "$root/model" && echo get_*.sh)"
  fi
done

image=$repository:$(image_tag)
# BuildKit adds a time stamp of its own unless told not to: the same content would get another digest.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
run docker build --platform linux/amd64 \
  ${BASE_IMAGE:+--build-arg "BASE_IMAGE=$BASE_IMAGE"} \
  --build-arg "REQUIREMENTS=$(setting requirements)" \
  --build-arg "MODELS=$models" \
  --build-arg "VERSION=$(git -C "$root" describe --tags --always --dirty 2>/dev/null || echo unversioned)" \
  --build-arg "REVISION=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unversioned)$(uncommitted)" \
  --tag "$image" --tag "$repository:latest" "$root" \
  || fail "the image could not be built (see above)"

run docker run --rm --network none --entrypoint python "$image" \
  -c 'from human_detector.configuration import load_configuration; load_configuration()' \
  || fail "the worker would not start with this variables.json (see above)"

# What is in it, for whoever has to know: supply_chain/licences.py and audit.py look into it.
sbom=sbom/${image//[\/:]/-}.cdx.json
run docker run --rm --interactive --network none --entrypoint python "$image" - "$repository" "$(image_tag)" \
  <"$root/supply_chain/sbom.py" >"$scratch/sbom" || fail "what is in the image could not be listed (see above)"
if [[ -z $dry_run ]]; then
  mkdir -p "$root/sbom"
  mv "$scratch/sbom" "$root/$sbom"
fi
say "built $image (variant $(setting variant), for $(setting instance_type)); what is in it: $sbom"
