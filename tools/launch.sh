#!/usr/bin/env bash
# Run a Python file in several processes on each machine: the rest of dist_*.sh.
#   tools/launch.sh PROCESSES FILE [arguments of FILE]
# NNODES, NODE_RANK, MASTER_ADDR and PORT describe more than one machine. On one, PORT is
# a free one unless you set it.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 PROCESSES FILE [arguments of FILE]" >&2
    exit 2
fi
processes=$1
shift
if ! command -v python >/dev/null; then
    echo "error: there is no python on the PATH; activate the environment first." >&2
    exit 2
fi

# Machines have to agree about the port; one by itself takes what is free.
port=${PORT:-}
if [ "${NNODES:-1}" -gt 1 ]; then
    if [ -z "${MASTER_ADDR:-}" ]; then
        echo "error: NNODES=$NNODES machines need MASTER_ADDR, the address of the one with" \
            "NODE_RANK=0; each would wait for itself." >&2
        exit 2
    fi
    port=${PORT:-29500}
elif ! port=$(python -c '
import socket, sys
taken = socket.socket()
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind(("", int(sys.argv[1])))
print(taken.getsockname()[1])' "${PORT:-0}" 2>/dev/null); then
    echo "error: PORT=${PORT:-} is no free port; without PORT, $0 finds one." >&2
    exit 2
fi

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
PYTHONPATH="$root:${PYTHONPATH:-}" exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="$port" \
    --nproc_per_node="$processes" "$@"
