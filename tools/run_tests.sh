#!/usr/bin/env bash
# Make the environment (tools/setup_env.sh), then run the test suite, in a process for
# each core but four at most.
#   tools/run_tests.sh [arguments of pytest]    -n 0 for one process
set -euo pipefail
root=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup_env.sh
source "$root/tools/setup_env.sh"
cd "$root"
# the tests' tensors are small, and the processes take the cores
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec python -m pytest -n auto --maxprocesses 4 --dist worksteal "$@"
