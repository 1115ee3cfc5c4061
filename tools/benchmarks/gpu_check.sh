#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in one go:
#   bash tools/benchmarks/gpu_check.sh [OUT]      OUT: default work_dirs/gpu_check
# The scans agree with the reference in float32 and bfloat16, forward and backward; the
# scan and QMVL against the others; a training step with and without torch.compile.
# Goes on after a failure and ends with the number of failures.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
out=${1:-work_dirs/gpu_check}
config=configs/mvlr/mvlr_rn101_coco.py
mkdir -p "$out"
failures=0

step() {
    local name=$1
    shift
    echo "=== $name: $*"
    if ! "$@" 2>&1 | tee "$out/$name.log"; then
        failures=$((failures + 1))
        echo "=== $name FAILED"
    fi
}

if ! python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    echo "error: torch sees no CUDA device here" >&2
    exit 1
fi
step doctor python -m mvlr_stack doctor
step agree python -m pytest -q -rs tests/ops tests/models/layers/test_two_passes.py
for dtype in float32 bfloat16; do
    step "scan_$dtype" python tools/benchmark.py speed scan --device cuda \
        --dtype "$dtype" --without reference "mamba-ssm's form" --out "$out/$dtype" \
        --shape 4 512 276 16 --shape 4 512 864 16 --shape 32 512 276 16
    step "qmvl_$dtype" python tools/benchmark.py speed qmvl --device cuda \
        --dtype "$dtype" --batch 8 --out "$out/$dtype"
done
for flags in "" "--compile"; do
    # shellcheck disable=SC2086
    step "train${flags#--}" python tools/benchmarks/train_step.py "$config" \
        --device cuda --batch 32 --amp $flags
done
echo "=== $failures failures; logs and tables in $out"
exit "$failures"
