#!/usr/bin/env bash
# Evaluate with several processes, as dist_train.sh trains.
#   tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT GPUS [arguments of tools/test.py]" >&2
    exit 2
fi
tools=$(CDPATH='' cd "$(dirname "$0")" && pwd)
config=$1 checkpoint=$2 gpus=$3
shift 3

exec "$tools/launch.sh" "$gpus" "$tools/test.py" "$config" "$checkpoint" \
    --launcher pytorch "$@"
