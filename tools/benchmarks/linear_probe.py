"""A linear probe of CLIP's image embedding on a config's data: the floor to beat.

    MVLR_DATA_ROOT=... MVLR_CLIP=... python tools/benchmarks/linear_probe.py CONFIG

Takes the image tower of `model.backbone` as open_clip has it, with its own pooling,
embeds the pictures of train, val and test by the test pipeline, and fits a logistic
regression for each label. Its strength `C` is what gives the best mAP on val. A label
that all known training pictures have, or none, is scored alike everywhere.
"""

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from mvlr_mm.config import read_config
from mvlr_mm.datasets.checking.splits import inner_data_sets
from mvlr_mm.evaluation import average_precision
from mvlr_mm.evaluation.samples import scores_and_target
from mvlr_mm.models.clip import load_clip
from mvlr_stack.arguments import add_overwrite
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import check_output, write_text
from mvlr_stack.overrides import add_overrides

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SPLITS = ('train', 'val', 'test')


@torch.no_grad()
def embed(cfg: Config, split: str, clip: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings (N, D) and targets (N, C), -1 if unknown, of a split.

    Args:
        cfg: Config with the loaders.
        split: One of `SPLITS`.
        clip: open_clip's model, in eval mode.
    """
    loader = copy.deepcopy(cfg[f'{split}_dataloader'])
    pipeline = inner_data_sets(cfg.test_dataloader.dataset)[0].pipeline
    for inner in inner_data_sets(loader.dataset):
        inner.pipeline = pipeline
    loader.update(
        drop_last=False,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    preprocessor = MODELS.build(
        dict(type='ClsDataPreprocessor', **cfg.data_preprocessor)
    )
    batches = Runner.build_dataloader(loader)
    count = len(batches.dataset.metainfo['classes'])
    embeddings, targets = [], []
    for batch in track(batches, f'{split}: embedding'):
        batch = preprocessor(batch)
        embeddings.append(clip.encode_image(batch['inputs']))
        for sample in batch['data_samples']:
            given = {'pred_score': torch.zeros(count), **sample.to_dict()}
            targets.append(scores_and_target(given)[1].numpy().round().astype(int))
    return torch.cat(embeddings).numpy(), np.stack(targets)


def probe(train: tuple, test: tuple, strength: float) -> float:
    """Fit on one split and return the mAP of another, in percent.

    Args:
        train: Embeddings (N, D) and targets (N, C).
        test: The same of other pictures.
        strength: scikit-learn's ``C``; smaller is more regularised.
    """
    scaler = StandardScaler().fit(train[0])
    here, there = scaler.transform(train[0]), scaler.transform(test[0])
    scores = []
    for target in train[1].T:
        known = target >= 0
        if len(np.unique(target[known])) < 2:
            scores.append(np.zeros(len(there)))
            continue
        fitted = LogisticRegression(C=strength, max_iter=1000)
        fitted.fit(here[known], target[known])
        scores.append(fitted.decision_function(there))
    return 100 * float(np.nanmean(average_precision(np.stack(scores, 1), test[1])))


def main(argv: list[str] | None = None) -> None:
    """Embed, choose, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('--json', type=Path, help='file for the numbers')
    add_overrides(parser)
    add_overwrite(parser)
    args = parser.parse_args(argv)
    with plain_errors():
        check_output('--json', args.json, args.overwrite)
        run(args)


def run(args: argparse.Namespace) -> None:
    """Do what the command line says."""
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope('mmpretrain')
    said = {**cfg.model.get('clip', {}), **cfg.model.backbone}
    clip = load_clip(said['model'], said.get('pretrained')).eval()
    data = {split: embed(cfg, split, clip) for split in SPLITS}
    on_val = {c: probe(data['train'], data['val'], c) for c in STRENGTHS}
    best = max(on_val, key=on_val.get)
    result = {'C': best, 'val mAP': on_val[best]}
    result['test mAP'] = probe(data['train'], data['test'], best)
    print(json.dumps(result))
    if args.json:
        write_text(args.json, json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
