#!/usr/bin/env bash
# One real video through the whole worker, on this machine, without an AWS account.
#
#   ./run_demo.sh [VIDEO]
set -euo pipefail

case ${1:-} in
  -h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ensure_environment requirements-demo.txt
PYTHON=$python "$root/model/download_all_models.sh" centernet_mobilenetv3 mobilenet_ssd_widerface \
  || fail "the models could not be had (see above)"
exec "$python" "$root/demo/demo.py" "$@"
