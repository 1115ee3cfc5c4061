#!/usr/bin/env bash
# The main job on an embedded default: make the environment, draw a small data set,
# train a tiny CLIP on its captions, train MVLR and a baseline with that CLIP, test
# both, and leave a report. Running it again reuses what is done.
# All that it says is in work_dirs/quickstart/quickstart.log as well.
set -euo pipefail
root=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# the steps find each other through these; the configs read the last two
out=work_dirs/quickstart
export MVLR_SCENES_ROOT=data/scenes MVLR_TINY_CLIP=$out/clip
export PYTHONWARNINGS=ignore PYTHONUNBUFFERED=1
mvlr=configs/mvlr/mvlr_tiny_scenes.py
baseline=configs/mvlr/baseline_tiny_scenes.py

clock() {
    printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
}

# Announce a step: how many percent of the work lie before it, its name.
step() {
    local gone=$((SECONDS - began)) left=
    if (($1 > 0 && $1 < 100)); then
        left=", about $(clock $((gone * (100 - $1) / $1))) left"
    fi
    printf '\n==> [%s] %s (%d %% done%s)\n' "$(clock $SECONDS)" "$2" "$1" "$left"
}

# Run Python with as many threads as cores are idle now.
run() {
    python -m mvlr_stack.threads python "$@"
}

# Train one model: its name in the report, its config. A training of other scenes,
# another CLIP or another config is no use, and makes room.
train() {
    local work_dir=$out/$1 made_of
    made_of=$(cat "$MVLR_SCENES_ROOT/scenes.json" "$MVLR_TINY_CLIP/recipe.json" \
        "$mvlr" "$2" | cksum)
    if [[ -d $work_dir && $(cat "$work_dir/made_of" || true) != "$made_of" ]]; then
        echo "Scenes, CLIP or config have changed: $work_dir begins anew"
        rm -r "$work_dir"
    fi
    if [[ -f $work_dir/finished ]]; then
        echo "Found the finished training in $work_dir"
        return
    fi
    mkdir -p "$work_dir"
    echo "$made_of" >"$work_dir/made_of"
    # --resume starts anew where there is nothing to resume
    run tools/train.py "$2" --work-dir "$work_dir" --resume
    touch "$work_dir/finished"
}

main() {
    # shellcheck source=tools/setup_env.sh
    source "$root/tools/setup_env.sh"
    began=$SECONDS
    step 0 "1/5 Draw the scenes"
    run tools/scenes/draw_scenes.py "$MVLR_SCENES_ROOT"
    step 13 "2/5 Train a tiny CLIP on their captions"
    run tools/scenes/train_clip.py "$MVLR_SCENES_ROOT" "$MVLR_TINY_CLIP"
    step 34 "3/5 Train MVLR"
    train MVLR "$mvlr"
    step 67 "4/5 Train the baseline: label names, no interaction"
    train baseline "$baseline"
    step 93 "5/5 Test both, search thresholds, report"
    run tools/scenes/report.py "$out" \
        MVLR "$mvlr" "$out/MVLR" baseline "$baseline" "$out/baseline"
    step 100 "Done. To start over: rm -r $out $MVLR_SCENES_ROOT"
}

mkdir -p "$out"
main 2>&1 | tee -a "$out/quickstart.log"
