"""Two processes give the gradients of one on the joined batch.

The file is the program of the processes, too. It lies in a folder of its own because a
program finds what lies beside it before anything installed.
"""

import subprocess
import sys

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.parallel import DistributedDataParallel

import mvlr_mm  # noqa: F401 (registers the parts)

IMAGES, LABELS = 4, [[0], [1, 2], [], [2]]


def build(clip):
    """MVLR with its branches open, the same in every process."""
    torch.manual_seed(0)
    prompt = dict(
        type='PDLR',
        text_encoder=dict(type='CLIPTextEncoder', **clip),
        classes=['cat', 'dog', 'sea'],
    )
    model = dict(
        type='ImageClassifier',
        backbone=dict(type='CLIPBackbone', **clip),
        neck=dict(
            type='NeckSequence',
            prompt=prompt,
            fusion=dict(type='IFM', embed_dim=16),
            interaction=dict(type='QMVL', embed_dim=16, zero_init=False),
        ),
        head=dict(type='SimilarityHead', scale=10.0, kcr=dict(type='KCRLoss')),
        data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True),
    )
    model = MODELS.build(Config(dict(model=model)).model).train()
    for name, parameter in model.named_parameters():
        if name.endswith(('gain', 'value.weight', 'interaction.2.weight')):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def loss_of(model, part):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(IMAGES, 3, 64, 64, generator=generator)
    samples = [DataSample().set_gt_label(labels) for labels in LABELS]
    return sum(model(images[part], samples[part], mode='loss').values())


def main(model_path, weights, folder):
    """One of the two processes: half of the batch."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo')
    rank = dist.get_rank()
    model = DistributedDataParallel(build(dict(model=model_path, pretrained=weights)))
    loss_of(model, slice(2 * rank, 2 * rank + 2)).backward()
    if rank == 0:
        named = model.module.named_parameters()
        grads = {n: p.grad for n, p in named if p.grad is not None}
        torch.save(grads, f'{folder}/grads.pth')
    dist.destroy_process_group()


def test_gradients_of_two_processes(tiny_clip, tmp_path):
    clip = tiny_clip()
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone']
    arguments = ['--nproc_per_node=2', __file__, *clip.values(), str(tmp_path)]
    done = subprocess.run([*launch, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    joined = torch.load(tmp_path / 'grads.pth', weights_only=True)
    model = build(clip)
    loss_of(model, slice(0, IMAGES)).backward()
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert set(joined) == set(trained)
    for name, parameter in trained.items():
        torch.testing.assert_close(
            joined[name], parameter.grad, rtol=1e-3, atol=1e-6, msg=name
        )


if __name__ == '__main__':
    main(*sys.argv[1:])
