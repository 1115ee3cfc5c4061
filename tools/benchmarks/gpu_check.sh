#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in one go, in some minutes:
#   bash tools/benchmarks/gpu_check.sh [OUT]      OUT: default work_dirs/gpu_check
# The scans agree with the reference in float32 and bfloat16, forward and backward; a
# training step, with channels_last, fused AdamW and torch.compile; the scan and QMVL
# against the others. Goes on after a failure and ends with the number of failures.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
out=${1:-work_dirs/gpu_check}
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
step agree python -m pytest -q -rs -k 'not interpreter' \
    tests/ops/selective_scan/test_dispatch.py \
    tests/ops/selective_scan/test_triton_scan.py tests/ops/test_triton_conv.py \
    tests/models/layers/test_two_passes.py tests/tools/benchmarks/speed/test_qmvl.py
train=(python tools/benchmarks/train_step.py configs/mvlr/mvlr_rn101_coco.py --device cuda
    --batch 32 --amp --seconds 5)
nhwc=(--cfg-options model.backbone.channels_last=True)
step train "${train[@]}"
step train_nhwc "${train[@]}" "${nhwc[@]}"
step train_nhwc_fused "${train[@]}" "${nhwc[@]}" optim_wrapper.optimizer.fused=True
for dtype in float32 bfloat16; do
    common=(--device cuda --dtype "$dtype" --seconds 1 --out "$out/$dtype")
    step "scan_$dtype" python tools/benchmark.py speed scan "${common[@]}" \
        --without torch reference "mamba-ssm's form" \
        --shape 4 512 276 16 --shape 32 512 276 16 --shape 32 512 864 16
    step "qmvl_$dtype" python tools/benchmark.py speed qmvl "${common[@]}" --batch 8 \
        --sides 448 896 1792 --graphs
done
step train_compile "${train[@]}" "${nhwc[@]}" optim_wrapper.optimizer.fused=True --compile
step doctor python -m mvlr_stack doctor
echo "=== $failures failures; logs and tables in $out"
exit "$failures"
