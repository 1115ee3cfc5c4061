#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in one go, in some minutes:
#   bash tools/benchmarks/gpu_check.sh [OUT]      OUT: default work_dirs/gpu_check
# The kernels agree with the reference in float32 and bfloat16, forward and backward; a
# training step, with channels_last, fused AdamW and torch.compile; the scan and QMVL
# against the others, QMVL with the Triton scan, too, where mamba-ssm is the first choice.
# Goes on after a failure, writes its pages and OUT/goals.md, every number beside its
# goal, and ends with the number of failures.
#   QUICK=1 bash tools/benchmarks/gpu_check.sh    tiny, on a CPU: shows that it runs
set -uo pipefail
CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
out=${1:-work_dirs/gpu_check}
mkdir -p "$out"
# what fails now must not pass with the numbers of an earlier run
rm -f "$out"/{float32,bfloat16}*/speed_* "$out/goals.md"
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

device=cuda config=configs/mvlr/mvlr_rn101_coco.py
size=(--batch 32 --side 448 --seconds 5)
small=() graphs=(--graphs) compiled=(--compile) ways=('' triton)
modes=(default reduce-overhead)
if [ -n "${QUICK:-}" ]; then
    device=cpu config=configs/mvlr/mvlr_tiny_scenes.py
    size=(--batch 2 --side 64 --seconds 0.1)
    small=(--quick) graphs=() compiled=() ways=('')
    modes=(default)
    export MVLR_TINY_CLIP=$out
    step clip python -c "import json, sys; sys.path.insert(0, 'tools'); \
from scenes.train_clip import CONFIG; \
json.dump(CONFIG, open('$out/tiny_clip.json', 'w'))"
elif ! python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    echo "error: torch sees no CUDA device here" >&2
    exit 1
fi
step agree python -m pytest -q -rs -k 'not interpreter' \
    tests/ops/selective_scan/test_dispatch.py \
    tests/ops/selective_scan/test_triton_scan.py tests/ops/test_triton_conv.py \
    tests/ops/test_triton_passes.py tests/models/layers/test_joint_passes.py \
    tests/models/layers/test_two_passes.py tests/tools/benchmarks/speed/test_qmvl.py
train=(python tools/benchmarks/train_step.py "$config" --device "$device" --amp
    "${size[@]}")
nhwc=(model.backbone.channels_last=True)
fused=(optim_wrapper.optimizer.fused=True)
step train "${train[@]}"
step train_plain "${train[@]}" --cfg-options \
    model.backbone.channels_last=False optim_wrapper.optimizer.fused=False
step train_nhwc_fused "${train[@]}" --cfg-options "${nhwc[@]}" "${fused[@]}"
for dtype in float32 bfloat16; do
    common=(--device "$device" --dtype "$dtype" --seconds 1 ${small[@]+"${small[@]}"})
    step "scan_$dtype" python tools/benchmark.py speed scan "${common[@]}" \
        --out "$out/$dtype" --without torch reference "mamba-ssm's form" \
        --shape 4 512 276 16 --shape 32 512 276 16 --shape 32 512 864 16
    for way in "${ways[@]}"; do
        step "qmvl_$dtype${way:+_$way}" python tools/benchmark.py speed qmvl \
            "${common[@]}" --out "$out/$dtype${way:+_$way}" --batch 8 \
            --sides 448 896 1792 ${graphs[@]+"${graphs[@]}"} \
            ${way:+--scan-backend "$way"}
    done
done
# last: each compiles for minutes
step qmvl_compiled python tools/benchmark.py speed qmvl --device "$device" \
    --dtype bfloat16 --seconds 1 ${small[@]+"${small[@]}"} --batch 8 --sides 448 1792 \
    --out "$out/bfloat16_compiled" --scan-backend "${ways[-1]:-native}" \
    ${compiled[@]+"${compiled[@]}"}
for mode in "${modes[@]}"; do
    step "train_compile_$mode" "${train[@]}" --compile "$mode" --cfg-options \
        "${nhwc[@]}" "${fused[@]}"
done
step doctor python -m mvlr_stack doctor
step goals python tools/benchmarks/gpu_goals.py "$out"
echo "=== $failures failures; logs and tables in $out"
exit "$failures"
