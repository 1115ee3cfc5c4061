"""Hold every model that open_clip lists against open_clip itself.

    python tools/analysis/open_clip_families.py                  # all
    python tools/analysis/open_clip_families.py ViT-B-16 coca_   # names with these

Each model is built with its own parts but one block, few channels and random weights,
as open_clip builds it, and is then loaded by CLIPBackbone and CLIPTextEncoder. Printed
is the largest relative difference

- ``pooled``: open_clip's own pooling over our patch features to its image embedding,
- ``alone``: our patches to what its pooling gives a picture of this patch alone,
- ``text``: our text vectors, with and without a prompt, to ``encode_text``,

or why a tower is refused. Tokenizers of the hub are replaced by local ones of the same
form, so that nothing is downloaded.
"""

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from rich.console import Console
from rich.progress import track
from rich.table import Table
from small_clips import NAMES, PROMPT, make_small_clip, small_trunks
from torch import Tensor, nn

import mvlr_mm  # noqa: F401  registers the towers


@dataclass
class Row:
    """What was found about a model: differences, or the reason of a refusal."""

    name: str
    image: str  # family of the image tower
    text: str
    pooled: float = math.nan
    alone: float = math.nan
    encoded: float = math.nan
    refused: str = ''

    def is_right(self, limit: float = 1e-4) -> bool:
        """Return whether no difference is above ``limit``."""
        found = (self.pooled, self.alone, self.encoded)
        return all(math.isnan(d) or d < limit for d in found)


@torch.no_grad()
def check_image(clip: nn.Module, files: dict[str, str]) -> tuple[float, float]:
    """Return the differences ``pooled`` and ``alone`` of an image tower.

    Args:
        clip: open_clip's model.
        files: ``model`` and ``pretrained`` for CLIPBackbone.
    """
    backbone = MODELS.build(dict(type='CLIPBackbone', **files)).eval()
    visual, trunk = clip.visual, backbone.tower.trunk
    images = torch.randn(2, 3, *open_clip.model.to_2tuple(visual.image_size))
    expected = visual(images)
    expected = expected[0] if isinstance(expected, tuple) else expected
    feats = backbone(images)
    if isinstance(visual, ModifiedResNet):
        features = hooked(trunk.layer4, lambda: backbone(images))
        pooled = visual.attnpool(features)
        lone = features[1, :, 0, 1]
        alone = visual.attnpool.c_proj(visual.attnpool.v_proj(lone))
    elif isinstance(visual, TimmModel):
        features = trunk.forward_features(images)
        pooled = visual.head(visual.trunk.forward_head(features))
        lone = picture_of_one(visual.trunk, features)
        alone = visual.head(visual.trunk.forward_head(lone))
    else:
        features = hooked(trunk.transformer, lambda: backbone(images))
        pooled = visual._pool(features)[0] @ visual.proj
        lone = features[1:, 2:3]  # in the place of all tokens, class token included
        alone = visual._pool(lone.expand(-1, 2, -1))[0] @ visual.proj
    return (
        relative(pooled, expected),
        relative(feats.visual[1, 1], alone.flatten()),
    )


def picture_of_one(trunk: nn.Module, features: Tensor) -> Tensor:
    """Return the features of a picture that is the second patch of the second one."""
    if features.dim() == 3:
        patch = features[1:, trunk.num_prefix_tokens + 1][:, None]
        pool = trunk.global_pool
        prefix = trunk.num_prefix_tokens if pool == 'avg' else 0
        return torch.cat([torch.zeros_like(patch).expand(-1, prefix, -1), patch], 1)
    if getattr(trunk, 'output_fmt', 'NCHW') == 'NHWC':
        return features[1:, :1, 1:2]
    return features[1:, :, :1, 1:2]


def hooked(module: nn.Module, run: Any) -> Tensor:
    """Return what ``module`` gives while ``run`` runs."""
    seen: list[Tensor] = []
    handle = module.register_forward_hook(lambda _m, _args, out: seen.append(out))
    run()
    handle.remove()
    return seen[0]


@torch.no_grad()
def check_text(clip: nn.Module, name: str, files: dict[str, str]) -> float:
    """Return the difference of a text tower: words, a prompt, and chunks of texts.

    Args:
        clip: open_clip's model.
        name: By which open_clip finds its tokenizer.
        files: ``model`` and ``pretrained`` for CLIPTextEncoder.
    """
    encoder = MODELS.build(dict(type='CLIPTextEncoder', **files))
    texts = [f'{PROMPT} {label}' for label in NAMES]
    tokens = open_clip.get_tokenizer(name)(texts)
    options = dict(normalize=False) if isinstance(clip, open_clip.CoCa) else {}
    expected = clip.encode_text(tokens, **options)
    context = encoder.embed_words(PROMPT)
    prompted = encoder.tokenize(NAMES, len(context))
    return max(
        relative(encoder(encoder.tokenize(texts)), expected),
        relative(encoder(prompted, context), expected),
        relative(encoder.encode(prompted, context, chunk_size=2), expected),
    )


def relative(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference, relative to the largest value."""
    return float((found - expected).abs().max() / expected.abs().max())


def image_family(vision: dict[str, Any]) -> str:
    """Name the kind of an image tower."""
    if 'timm_model_name' in vision:
        kind = vision['timm_model_name'].split('_')[0]
        if kind in ('vit', 'eva', 'eva02'):
            kind = f'{kind}, {vision["timm_pool"] or "own"} pool'
        return f'timm {kind}'
    if isinstance(vision['layers'], list):
        return 'ResNet'
    if vision.get('attentional_pool'):
        return 'ViT, attention pool'
    return f'ViT, {vision.get("pool_type", "tok")} pool'


def text_family(text: dict[str, Any]) -> str:
    """Name the kind of a text tower."""
    if 'hf_model_name' in text:
        return 'transformers'
    mask = 'no mask' if text.get('no_causal_mask') else 'causal'
    pool = 'class token' if text.get('embed_cls') else text.get('pool_type', 'argmax')
    return f'{mask}, {pool}'


def check(name: str, folder: Path) -> Row:
    """Hold one model against open_clip.

    Args:
        name: In open_clip.
        folder: An empty folder to work in.
    """
    full = open_clip.get_model_config(name)
    row = Row(name, image_family(full['vision_cfg']), text_family(full['text_cfg']))
    clip = make_small_clip(name, folder)
    files = {
        'model': str(folder / 'open_clip_config.json'),
        'pretrained': str(folder / 'clip.safetensors'),
    }
    with small_trunks():
        row.pooled, row.alone = check_image(clip, files)
    if row.text == 'transformers':
        try:
            MODELS.build(dict(type='CLIPTextEncoder', model=name))
        except ValueError as error:
            row.refused = str(error)
    else:
        row.encoded = check_text(clip, f'local-dir:{folder}', files)
    return row


def main(argv: list[str] | None = None) -> int:
    """Check the models, print a row for each and a line for each family."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('names', nargs='*', help='parts of names; all without')
    args = parser.parse_args(argv)
    names = open_clip.list_models()
    if args.names:
        names = [n for n in names if any(part in n for part in args.names)]
    init_default_scope('mmpretrain')
    table, rows = Table('model', 'image', 'pooled', 'alone', 'text', 'encoded'), []
    for name in track(names):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(check(name, Path(folder)))
    for row in rows:
        numbers = (f'{d:.0e}' for d in (row.pooled, row.alone, row.encoded))
        pooled, alone, encoded = numbers
        if row.refused:
            encoded = 'refused'
        table.add_row(row.name, row.image, pooled, alone, row.text, encoded)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    wrong = [row.name for row in rows if not row.is_right()]
    console.print(f'{len(rows) - len(wrong)} of {len(rows)} right or refused')
    return len(wrong)


if __name__ == '__main__':
    sys.exit(main())
