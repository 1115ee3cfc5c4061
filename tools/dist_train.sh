#!/usr/bin/env bash
# Train with several processes on each machine, one per GPU; on a machine without a
# GPU the processes share its CPU. They share the batch of the config as well.
#   tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
# NNODES, NODE_RANK, MASTER_ADDR and PORT describe more than one machine.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG GPUS [arguments of tools/train.py]" >&2
    exit 2
fi
tools=$(CDPATH='' cd "$(dirname "$0")" && pwd)
config=$1 gpus=$2
shift 2

exec "$tools/launch.sh" "$gpus" "$tools/train.py" "$config" --launcher pytorch "$@"
