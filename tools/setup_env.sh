#!/usr/bin/env bash
# Make the Python environment that everything here runs in, or reuse it.
#   source tools/setup_env.sh    afterwards `python` and `mvlr` are the environment's
#   bash tools/setup_env.sh      only makes it
# The active virtual environment is used; without one, .venv in the repository. Read:
#   MVLR_STACK   onedl (default) or openmmlab: which family of the OpenMMLab stack
#   MVLR_VENV    a folder for the environment, instead of the active one
#   PYTHON       the interpreter to make it with, instead of the first that fits

mvlr_root=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mvlr_venv=${MVLR_VENV:-${VIRTUAL_ENV:-$mvlr_root/.venv}}
if [[ -z ${MVLR_VENV:-}${VIRTUAL_ENV:-} && ${MVLR_STACK:-onedl} != onedl ]]; then
    mvlr_venv=$mvlr_root/.venv-$MVLR_STACK
fi

if [[ ${BASH_SOURCE[0]} != "$0" ]]; then
    # sourced: the work is done in a shell of its own, which may fail and exit
    bash "${BASH_SOURCE[0]}" </dev/null || return 1
    # shellcheck disable=SC1091
    source "$mvlr_venv/bin/activate"
    unset mvlr_root mvlr_venv
    return 0
fi

set -euo pipefail

fail() {
    echo "error: $*" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
        2>/dev/null
}

stack=${MVLR_STACK:-onedl}
if [[ $stack != onedl && $stack != openmmlab ]]; then
    fail "MVLR_STACK is $stack; it can be onedl or openmmlab."
fi

python=$mvlr_venv/bin/python
if [[ ! -x $python ]]; then
    candidates=(python3 python3.12 python3.11 python3.10 python)
    if [[ -n ${PYTHON:-} ]]; then
        candidates=("$PYTHON")
    fi
    found=
    for name in "${candidates[@]}"; do
        if fits "$name"; then
            found=$name
            break
        fi
    done
    if [[ -z $found ]]; then
        fail "no Python 3.10, 3.11 or 3.12 among: ${candidates[*]}. Install one, or name" \
            "it: PYTHON=/path/to/python3.11 bash tools/setup_env.sh"
    fi
    echo "==> Making the environment $mvlr_venv with $("$found" --version)"
    there_before=$([[ -e $mvlr_venv ]] && echo yes || true)
    if ! "$found" -m venv "$mvlr_venv"; then
        # never a folder that held something else
        [[ -n $there_before ]] || rm -rf "$mvlr_venv"
        fail "$found cannot make a virtual environment; on Debian and Ubuntu:" \
            "sudo apt install python3-venv"
    fi
elif ! fits "$python"; then
    fail "the environment $mvlr_venv has $("$python" --version 2>&1); mvlr_mm needs" \
        "Python 3.10 to 3.12. Leave it (deactivate) or remove it."
fi

# What is installed depends on these; the same again means there is nothing to do.
stamp=$mvlr_venv/mvlr-installed
wanted="$stack $mvlr_root $(cat "$mvlr_root"/{pyproject.toml,setup.py} | cksum)"
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    echo "==> Using the environment $mvlr_venv"
    exit 0
fi

echo "==> Installing torch, the $stack stack and mvlr_mm into $mvlr_venv"
rm -f "$stamp"
# torch and torchvision: a matched pair, in the one pip call that resolves the rest
"$python" -m pip install torch==2.10.0 torchvision==0.25.0 -e "$mvlr_root[$stack,dev]"
"$python" -m mvlr_stack doctor
echo "$wanted" >"$stamp"
