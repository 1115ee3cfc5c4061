"""The program of the processes of a test: each model takes two steps together.

    torchrun ... train_models.py MODELS.json

Ends with an error where a parameter waits for a gradient that never comes, or where the
processes part.
"""

import json
import sys

import torch
import torch.distributed as dist
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.parallel import DistributedDataParallel

import mvlr_mm  # noqa: F401 (registers the parts)


def train(cfg):
    """Train one model for two steps, with another picture in each process."""
    rank = dist.get_rank()
    torch.manual_seed(0)
    model = MODELS.build(cfg).train()
    wrapped = DistributedDataParallel(model)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-3)
    torch.manual_seed(rank)
    for _ in range(2):
        sample = DataSample().set_gt_label([rank])
        losses = wrapped(torch.randn(1, 3, 32, 32), [sample], mode='loss')
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    mine = torch.cat([parameter.detach().flatten() for parameter in trained])
    both = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(both, mine)
    assert mine.isfinite().all()
    assert all(torch.equal(mine, other) for other in both)


def main(path):
    """Train all models of the file."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo')
    with open(path) as file:
        models = json.load(file)
    for number, cfg in enumerate(models):
        try:
            train(cfg)
        except Exception as error:
            raise RuntimeError(f'model {number} cannot be trained') from error
    if dist.get_rank() == 0:
        print(f'{len(models)} models trained')
    dist.destroy_process_group()


if __name__ == '__main__':
    main(sys.argv[1])
