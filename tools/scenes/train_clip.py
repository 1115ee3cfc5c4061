"""Train a tiny CLIP on the captions of scenes, with open_clip's loss.

    python tools/scenes/train_clip.py data/scenes work_dirs/quickstart/clip

leaves ``tiny_clip.json`` and ``tiny_clip.safetensors`` in open_clip's own format.
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from open_clip import CLIP, ClipLoss, SimpleTokenizer
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from mvlr_mm.evaluation.functional import average_precision
from mvlr_stack.arguments import at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.memory import keep_freed_memory
from mvlr_stack.outputs import whole_file, write_text
from mvlr_stack.progress import Progress

CONFIG = {
    'embed_dim': 128,
    'vision_cfg': {
        'layers': [1, 1, 1, 1],
        'width': 16,
        'image_size': 128,
        'patch_size': None,
    },
    'text_cfg': {
        'context_length': 24,
        'vocab_size': 49408,
        'width': 128,
        'heads': 4,
        'layers': 2,
    },
}
PROMPT = 'This photo contains {}.'
SHIFT = 8  # pixels by which training pictures move at most


def read_split(root: Path, split: str) -> tuple[Tensor, list[list[str]], Tensor, list]:
    """Read one split into memory.

    Args:
        root: Folder that ``draw_scenes.py`` wrote.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        Pictures (B, 3, H, W) in bytes, the captions of each, the labels (B, C) in
        {0, 1}, and the names of the labels.
    """
    folder = root / 'annotations'
    boxes = json.loads((folder / f'instances_{split}.json').read_text())
    sentences = json.loads((folder / f'captions_{split}.json').read_text())
    captions = defaultdict(list)
    for sentence in sentences['annotations']:
        captions[sentence['image_id']].append(sentence['caption'])
    row = {image['id']: i for i, image in enumerate(boxes['images'])}
    targets = torch.zeros(len(row), len(boxes['categories']))
    for box in boxes['annotations']:
        targets[row[box['image_id']], box['category_id'] - 1] = 1
    pictures = [
        np.asarray(Image.open(root / split / image['file_name']).convert('RGB'))
        for image in boxes['images']
    ]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    names = [category['name'] for category in boxes['categories']]
    return images, [captions[image_id] for image_id in row], targets, names


def normalize(images: Tensor) -> Tensor:
    """Turn bytes (B, 3, H, W) into what CLIP takes."""
    mean = torch.tensor(OPENAI_DATASET_MEAN).view(3, 1, 1)
    std = torch.tensor(OPENAI_DATASET_STD).view(3, 1, 1)
    images = (images.float() / 255 - mean) / std
    return images.contiguous(memory_format=torch.channels_last)


def augment(images: Tensor) -> Tensor:
    """Move a batch by a few pixels and mirror a random half of it."""
    side = images.shape[-1]
    padded = F.pad(images, [SHIFT] * 4, mode='reflect')
    top, left = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    moved = padded[..., top : top + side, left : left + side]
    mirror = torch.rand(len(moved), 1, 1, 1) < 0.5
    return torch.where(mirror, moved.flip(-1), moved)


@torch.no_grad()
def zero_shot_map(model: CLIP, images: Tensor, targets: Tensor, names: list) -> float:
    """Return the mAP of the similarity of pictures and prompts, in percent."""
    model.eval()
    tokens = SimpleTokenizer(context_length=model.context_length)
    texts = model.encode_text(tokens([PROMPT.format(n) for n in names]), normalize=True)
    chunks = normalize(images).split(100)
    pooled = torch.cat([model.encode_image(chunk, normalize=True) for chunk in chunks])
    return 100 * float(np.nanmean(average_precision(pooled @ texts.T, targets)))


def train(
    images: Tensor,
    captions: list[list[str]],
    epochs: int,
    batch_size: int = 64,
    lr: float = 2e-3,
    seed: int = 0,
) -> CLIP:
    """Train the CLIP of ``CONFIG``: AdamW, one-cycle schedule, one caption a time.

    Args:
        images: Pictures (B, 3, H, W) in bytes.
        captions: Captions of each picture.
        epochs: Passes over the pictures.
        batch_size: Pictures per step, each one the others' negative.
        lr: Highest learning rate.
        seed: Seed of weights and order.
    """
    torch.manual_seed(seed)
    chooser = random.Random(seed)
    model = CLIP(**CONFIG).to(memory_format=torch.channels_last)
    tokens = SimpleTokenizer(context_length=model.context_length)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{'params': matrices}, {'params': vectors, 'weight_decay': 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=lr, weight_decay=0.05, betas=(0.9, 0.98))
    batch_size = min(batch_size, len(images))
    steps = epochs * (len(images) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, steps, pct_start=0.15)
    loss_of = ClipLoss()
    progress = Progress('Training CLIP', steps)
    for _ in range(epochs):
        order = torch.randperm(len(images))[: steps // epochs * batch_size]
        for rows in order.split(batch_size):
            texts = tokens([chooser.choice(captions[row]) for row in rows])
            features = model(normalize(augment(images[rows])), texts)
            loss = loss_of(*features)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():  # as in CLIP: never sharper than 100
                model.logit_scale.clamp_(0, np.log(100))
            progress.advance(f'loss {loss.item():.3f}')
    return model.eval()


def save(model: CLIP, folder: Path, recipe: dict[str, Any]) -> None:
    """Write config, weights and, last, the recipe; each file is whole or not there.

    Args:
        model: The trained CLIP.
        folder: Where to write; made if need be.
        recipe: What the CLIP was made of.
    """
    write_text(folder / 'tiny_clip.json', json.dumps(CONFIG, indent=2))
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    with whole_file(folder / 'tiny_clip.safetensors') as draft:
        save_file(state, draft)
    write_text(folder / 'recipe.json', json.dumps(recipe))


def find_recipe(folder: Path) -> dict[str, Any] | None:
    """Return what the CLIP in a folder was made of; None if there is none."""
    file = folder / 'recipe.json'
    return json.loads(file.read_text()) if file.is_file() else None


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('scenes', type=Path, help='folder that draw_scenes.py wrote')
    parser.add_argument('out', type=Path, help='folder for config and weights')
    parser.add_argument('--epochs', type=at_least(1), default=2)
    parser.add_argument('--batch-size', type=at_least(1), default=64)
    parser.add_argument('--seed', type=at_least(0), default=0)
    return parser.parse_args()


def main() -> None:
    """Train, print the zero-shot mAP on val, save; or find it done."""
    args = parse_args()
    with plain_errors():
        run(args)


def run(args: argparse.Namespace) -> None:
    """Do what the command line says.

    Raises:
        ValueError: Not all scenes are drawn.
    """
    scenes = json.loads((args.scenes / 'scenes.json').read_text())
    if scenes.get('unfinished'):
        raise ValueError(
            f'{args.scenes} is not whole: draw it first, '
            f'`python tools/scenes/draw_scenes.py {args.scenes}`.'
        )
    recipe = {
        'scenes': scenes,
        'config': CONFIG,
        'epochs': args.epochs,
        'batch_size': args.batch_size,
        'seed': args.seed,
    }
    if find_recipe(args.out) == recipe:
        print(f'Found the trained CLIP in {args.out}')
        return
    (args.out / 'recipe.json').unlink(missing_ok=True)
    keep_freed_memory()
    images, captions, _, _ = read_split(args.scenes, 'train')
    model = train(images, captions, args.epochs, args.batch_size, seed=args.seed)
    images, _, targets, names = read_split(args.scenes, 'val')
    score = zero_shot_map(model, images, targets, names)
    chance = 100 * float(targets.mean())
    print(f'Zero-shot mAP on val: {score:.1f} (chance: {chance:.1f})')
    save(model, args.out, recipe)
    print(f'Saved tiny_clip.json and tiny_clip.safetensors in {args.out}')


if __name__ == '__main__':
    main()
