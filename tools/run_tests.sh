#!/usr/bin/env bash
# Make the environment (tools/setup_env.sh), then run the test suite.
#   tools/run_tests.sh [arguments of pytest]
set -euo pipefail
root=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup_env.sh
source "$root/tools/setup_env.sh"
cd "$root"
exec python -m mvlr_stack.threads python -m pytest "$@"
