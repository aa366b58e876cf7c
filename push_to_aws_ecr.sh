#!/usr/bin/env bash
# Pushes the worker's image to ECR; see the text below.
set -euo pipefail

# shellcheck source=deployment.sh
source "$(dirname "${BASH_SOURCE[0]}")/deployment.sh"

read_options "Usage: ${0##*/} [--dry-run] [--help]

Pushes the image of this commit to the ECR repository that variables.json names (ecr.repository), tagged with the
commit and with 'latest'. Makes the repository if there is none. What ECR has already is not sent again." "$@"

load_settings
require_docker
require_aws
require_image
repository=$(setting repository)

if ! uri=$(ecr_uri); then
  failed_with RepositoryNotFoundException || fail "the repository $repository cannot be looked up: $(reason)"
  say "making the repository $repository"
  attempt aws ecr create-repository --repository-name "$repository" \
    --image-scanning-configuration scanOnPush=true >/dev/null \
    || fail "the repository $repository could not be made: $(reason)"
  uri=$(ecr_uri) || fail "the repository $repository cannot be looked up: $(reason)"
fi

registry=${uri%%/*}
password=$(query PASSWORD aws ecr get-login-password) || fail "ECR gives no password: $(reason)"
attempt docker login --username AWS --password-stdin "$registry" <<<"$password" >/dev/null \
  || fail "cannot log in to $registry: $(reason)"

for tag in "$(image_tag)" latest; do
  run docker tag "$image" "$uri:$tag"
  attempt docker push "$uri:$tag" || fail "$registry refused the push: $(reason)"
done

digest=$(ecr_digest) || fail "ECR does not show the image that was pushed: $(reason)"
say "pushed $uri:$(image_tag)"
say "digest $digest"
