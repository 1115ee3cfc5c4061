#!/usr/bin/env bash
# The main job on an embedded default: make the environment, draw a small data set,
# train a tiny CLIP on its captions, train MVLR and a baseline with that CLIP, evaluate
# both, and leave a report. Running it again reuses what is done.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup_env.sh
source "$root/tools/setup_env.sh"
cd "$root"
# the steps find each other through these; the configs read the last two
out=work_dirs/quickstart
export MVLR_SCENES_ROOT=data/scenes MVLR_TINY_CLIP=$out/clip
export PYTHONWARNINGS=ignore

step() {
    printf '\n==> [%dm%02ds] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

# Train and test one model: its name in the report, its config.
run_model() {
    local work_dir=$out/$1 config=$2
    if [[ -f $work_dir/test.json ]]; then
        echo "Found the finished training in $work_dir"
        return
    fi
    # --resume starts anew where there is nothing to resume
    python tools/train.py "$config" --work-dir "$work_dir" --resume
    python tools/test.py "$config" "$(<"$work_dir/last_checkpoint")" \
        --work-dir "$work_dir/test" --out "$work_dir/test.json" --out-item metrics
}

mvlr=configs/mvlr/mvlr_tiny_scenes.py
baseline=configs/mvlr/baseline_tiny_scenes.py

step "1/5 Draw the scenes"
python tools/scenes/draw_scenes.py "$MVLR_SCENES_ROOT"
step "2/5 Train a tiny CLIP on their captions"
python tools/scenes/train_clip.py "$MVLR_SCENES_ROOT" "$MVLR_TINY_CLIP"
step "3/5 Train and test MVLR"
run_model MVLR "$mvlr"
step "4/5 Train and test the baseline: label names, no interaction"
run_model baseline "$baseline"
step "5/5 Report"
python tools/scenes/report.py "$out" \
    MVLR "$mvlr" "$out/MVLR" baseline "$baseline" "$out/baseline"
step "Done. To start over: rm -r $out $MVLR_SCENES_ROOT"
