"""Training time with CLIPs of open_clip that are small enough for a CPU.

    python tools/benchmarks/clips_on_cpu.py [--models NAME ...] [--amp] [--seconds 20]

For each CLIP the parameters of its image tower, and the seconds that an epoch of 1,000
pictures of 224 px takes beside the loader: with the image tower frozen, and with all of
it training. Random weights, which cost what others do.
"""

import argparse
import importlib
import sys
from pathlib import Path

import torch
from mmengine.logging import MMLogger

from mvlr_stack.arguments import number

TOOLS = Path(__file__).resolve().parents[1]
CONFIG = TOOLS.parent / 'configs/mvlr/mvlr_custom.py'
MODELS = ('MobileCLIP2-S0', 'MobileCLIP-S1', 'RN50-quickgelu', 'ViT-B-32-quickgelu')
BATCH, SIDE = 32, 224


def measure(model: str, seconds: float, amp: bool) -> dict[str, float]:
    """Return the parameters, and the seconds of 1,000 pictures with and without.

    Args:
        model: A name of open_clip.
        seconds: About how long each of both runs.
        amp: Whether the forward runs in bfloat16.
    """
    sys.path.insert(0, str(TOOLS))
    timing = importlib.import_module('benchmarks.speed.timing')
    training_step = importlib.import_module('benchmarks.training_step')
    options = {
        'model.clip.model': model,
        'model.clip.pretrained': None,
        'classes': 'coco',
        'img_size': SIDE,
    }
    step = training_step.TrainingStep(str(CONFIG), BATCH, SIDE, 'cpu', amp, options)
    backbone = step.model.backbone
    found = {'parameters': sum(p.numel() for p in backbone.parameters())}
    for name, trains in (('frozen', False), ('whole', True)):
        backbone.requires_grad_(trains)
        times = timing.compare({'step': step}, seconds)
        found[name] = times['step']['ms'] / BATCH  # ms a picture is s for 1,000
    return found


def main(argv: list[str] | None = None) -> None:
    """Measure each model and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--models', nargs='+', default=MODELS)
    parser.add_argument(
        '--seconds', type=number(above=0), default=20, help='each, about'
    )
    parser.add_argument('--amp', action='store_true', help='bfloat16')
    args = parser.parse_args(argv)
    MMLogger.get_current_instance().setLevel('WARNING')
    print(f'{torch.get_num_threads()} threads, batch {BATCH}, {SIDE} px')
    print('| CLIP | image tower | tower frozen | all of it trains |')
    print('|---|---|---|---|')
    for model in args.models:
        found = measure(model, args.seconds, args.amp)
        size, frozen, whole = found['parameters'], found['frozen'], found['whole']
        print(f'| `{model}` | {size / 1e6:.1f} M | {frozen:.0f} s | {whole:.0f} s |')


if __name__ == '__main__':
    main()
