"""Scores of names that were never trained: several ways, on names held out.

    MVLR_DATA_ROOT=... MVLR_CLIP=... python tools/benchmarks/new_labels.py WORK_DIR \
        --epochs 4 --seeds 0 [--config CONFIG]

The names of a config's data are parted in three by the seed. Three times a third is
held out, the other two are trained on what the frozen backbone makes of the pictures
(once, by the test pipeline), and the third is then scored in each way. Whatever a way
fits, it fits on the trained names of val. WORK_DIR gets the logits and `new_labels.md`:
means over the splits. What is done is not done again.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from new_labels_ways import KEPT, table
from rich.progress import track
from torch import Tensor, nn

from mvlr_mm.apis.measure_names import measure_names
from mvlr_mm.apis.retag import labels_together, retagged
from mvlr_mm.config import read_config
from mvlr_mm.engine.trained_weights_ema import TrainedWeightsEMA
from mvlr_mm.loaded_model import build_model
from mvlr_mm.structures import VLFeatures
from mvlr_stack.arguments import at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import whole_file, write_text

CONFIG = Path(__file__).parents[2] / 'configs/mvlr/mvlr_custom_small-clip_frozen.py'
SPLITS = ('train', 'val', 'test')
PARTS = 3
BATCH = 32


class Cached(nn.Module):
    """Stands in the backbone's place, and takes patches for pictures."""

    def __init__(self, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, patches: Tensor) -> VLFeatures:
        """Return the patches, (B, N, D), as a backbone does."""
        return VLFeatures(patches, self.grid)


class AsTheyAre(nn.Module):
    """Stands in the preprocessor's place."""

    def forward(self, batch: dict, training: bool) -> dict:
        """Return the batch."""
        return batch


@torch.no_grad()
def embed(cfg: Config, split: str, model: nn.Module) -> dict[str, np.ndarray]:
    """Return ``patches`` (N, P, D) float16, ``targets`` (N, C) and ``grid`` (2,)."""
    loader = cfg[f'{split}_dataloader'].copy()
    loader.dataset.pipeline = cfg.test_dataloader.dataset.pipeline
    loader.update(
        num_workers=0,
        persistent_workers=False,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    batches = Runner.build_dataloader(loader)
    patches, targets = [], []
    for batch in track(batches, f'{split}: embedding'):
        batch = model.data_preprocessor(batch)
        feats = model.backbone(batch['inputs'])
        patches.append(feats.visual.half())
        for sample in batch['data_samples']:
            target = torch.zeros(len(batches.dataset.metainfo['classes']))
            target[sample.gt_label] = 1
            targets.append(target)
    return dict(
        patches=torch.cat(patches).numpy(),
        targets=torch.stack(targets).numpy(),
        grid=np.array(feats.grid),
    )


def train(
    cfg: Config, model: nn.Module, patches: Tensor, targets: Tensor, epochs: int
) -> nn.Module:
    """Train what stands behind the backbone; return the average of its weights."""
    settings = build_optim_wrapper(model, cfg.optim_wrapper)
    steps = epochs * -(-len(patches) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(settings.optimizer, steps)
    average = TrainedWeightsEMA(model, momentum=0.01, update_buffers=True)
    model.train()
    for _ in track(range(epochs), 'training'):
        for rows in torch.randperm(len(patches)).split(BATCH):
            samples = [DataSample().set_gt_score(targets[row]) for row in rows]
            feats = model.neck(model.backbone(patches[rows]))
            settings.update_params(sum(model.head.loss(feats, samples).values()))
            schedule.step()
            average.update_parameters(model)
    return average.module.eval()


@torch.no_grad()
def logits(neck: Callable, head: Callable, feats: VLFeatures) -> tuple[Tensor, float]:
    """Return the logits (N, C), and how many seconds of CPU a picture took."""
    start = time.process_time()
    found = [
        head(neck(feats._replace(visual=some))) for some in feats.visual.split(BATCH)
    ]
    return torch.cat(found), (time.process_time() - start) / len(feats.visual)


def score(model: nn.Module, new: list[str], data: dict) -> dict[str, np.ndarray]:
    """Return the logits of val and test in every way, and seconds of CPU."""
    feats = {s: VLFeatures(data[s][0], model.backbone.grid) for s in SPLITS[1:]}
    trained, head, found = model.neck.classes, model.head, {}
    samples = [DataSample().set_gt_score(target) for target in data['val'][1]]
    batches = _batches(data['val'][0], samples)
    scale = measure_names(model, batches, len(samples), KEPT).scale
    stage = model.neck.label_stage()
    generic = labels_together(stage, scale.generic)
    together = labels_together(stage, (*trained, *new))
    for split, some in feats.items():
        found[f'{split} own'], found['seconds own'] = logits(model.neck, head, some)
        for name, scaled in (('apart', None), ('shipped', scale)):
            other = retagged(model, new, scaled)
            found[f'{split} {name}'], seconds = logits(other.neck, other.head, some)
            found[f'seconds {name}'] = seconds / len(new)
        for name, labels in (('prompts', together), ('generic', generic)):
            found[f'{split} {name}'], _ = logits(
                lambda f, x=labels: x._replace(visual=f.visual, grid=f.grid), head, some
            )
    try:
        model.neck.set_classes(new)
        for split, some in feats.items():
            found[f'{split} together'], _ = logits(model.neck, head, some)
        beside: dict[str, list[Tensor]] = {split: [] for split in feats}
        for name in new:
            model.neck.set_classes((*trained, name))
            for split, some in feats.items():
                one, found['seconds beside'] = logits(model.neck, head, some)
                beside[split].append(one)
    finally:
        model.neck.set_classes(trained)
    for split, every in beside.items():
        found[f'{split} beside'] = torch.stack([one[:, -1] for one in every], 1)
        found[f'{split} shifted'] = torch.stack([one[:, :-1] for one in every])
    return {name: np.asarray(value) for name, value in found.items()}


def _batches(patches: Tensor, samples: list[DataSample]) -> Iterator[dict]:
    for i in range(0, len(patches), BATCH):
        rows = slice(i, i + BATCH)
        yield dict(inputs=patches[rows], data_samples=samples[rows])


def run(args: argparse.Namespace, cfg: Config, names: list[str]) -> Iterator[dict]:
    """Yield what was found of every split of the names."""
    settings = cfg.model.neck.prompt
    data, grid = {}, None
    for split in SPLITS:
        path = args.work_dir / f'{split}.npz'
        if not path.is_file():
            args.work_dir.mkdir(parents=True, exist_ok=True)
            settings.classes = names
            found = embed(cfg, split, build_model(cfg))
            with whole_file(path) as draft:
                np.savez(draft, **found)
        with np.load(path) as found:
            data[split] = [
                torch.tensor(found[k]).float() for k in ('patches', 'targets')
            ]
            grid = tuple(found['grid'].tolist())
    for seed in args.seeds:
        order = np.random.default_rng(seed).permutation(len(names))
        for part, held in enumerate(np.array_split(order, PARTS)):
            path = args.work_dir / f'logits_{seed}_{part}.npz'
            held = np.sort(held)
            kept = np.setdiff1d(order, held)
            if not path.is_file():
                torch.manual_seed(seed)
                settings.classes = [names[i] for i in kept]
                model = build_model(cfg)
                model.backbone, model.data_preprocessor = Cached(grid), AsTheyAre()
                own = {s: (x, y[:, kept]) for s, (x, y) in data.items()}
                model = train(cfg, model, *own['train'], args.epochs)
                found = score(model, [names[i] for i in held], own)
                with whole_file(path) as draft:
                    np.savez(draft, **found)
            with np.load(path) as found:
                yield dict(
                    found,
                    **{f'{s} new': data[s][1][:, held].numpy() for s in SPLITS[1:]},
                    **{f'{s} old': data[s][1][:, kept].numpy() for s in SPLITS[1:]},
                )


def settle(work_dir: Path, cfg: Config, epochs: int) -> None:
    """Refuse a folder whose logits are of another config or training.

    Args:
        work_dir: Of the logits; it gets ``settings.json``.
        cfg: The config, as it was read.
        epochs: Of each training.

    Raises:
        FileExistsError: The folder is another's.
    """
    digest = hashlib.sha256(repr(cfg.to_dict()).encode()).hexdigest()
    settings = {'config': digest, 'epochs': epochs}
    path = work_dir / 'settings.json'
    if not path.is_file():
        write_text(path, json.dumps(settings))
    elif json.loads(path.read_text()) != settings:
        raise FileExistsError(
            f'{work_dir} holds logits of another config, or of other --epochs; name '
            'another WORK_DIR.'
        )


def main(argv: list[str] | None = None) -> None:
    """Train, score, and write the page's tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dir', type=Path)
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--epochs', type=at_least(1), default=4)
    parser.add_argument('--seeds', type=at_least(0), nargs='+', default=[0])
    args = parser.parse_args(argv)
    cfg = read_config(args.config)
    init_default_scope('mmpretrain')
    with plain_errors():
        settle(args.work_dir, cfg, args.epochs)
    dataset = cfg.val_dataloader.dataset
    names = json.loads((Path(dataset.data_root) / dataset.classes).read_text())
    found = []
    for one in run(args, cfg, names):
        found.append(one)
        write_text(args.work_dir / 'new_labels.md', table(found))
    print(table(found))


if __name__ == '__main__':
    main()
