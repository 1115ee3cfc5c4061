"""Parameters and multiply-adds of the models in config files.

    python tools/analysis/complexity.py configs/mvlr/mvlr_rn101_coco.py --shape 448

Works for any config of mmpretrain's classifiers too, downloads nothing and loads no
weights. The text tower is reported apart: it is frozen, and it runs once for a batch
(once for all in evaluation), however many pictures there are.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.analysis.jit_handles import bmm_flop_jit, get_shape
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from mvlr_mm.config import read_config
from mvlr_mm.features.making import freezers_of
from mvlr_mm.models.necks import NeckSequence
from mvlr_mm.models.text import TextEncoder
from mvlr_stack.arguments import add_overwrite, at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import check_output, write_text
from mvlr_stack.overrides import add_overrides

NOTE = (
    'Multiply-adds of one picture: convolutions, linear maps, matrix products, '
    'attention and norms; not elementwise operations, nor the selective scan.'
)
TEXT = 'text tower'


@dataclass
class Row:
    """The cost of one part of a model."""

    name: str
    parameters: int
    trainable: int
    multiply_adds: int


def strip_weights(cfg: Any) -> Any:
    """Return a model config without anything that would load weights.

    Args:
        cfg: A model config, or any part of one.
    """
    if isinstance(cfg, (list, tuple)):
        kept = (part for part in cfg if not _is_checkpoint(part))
        return type(cfg)(strip_weights(part) for part in kept)
    if not isinstance(cfg, dict):
        return cfg
    result = {}
    for key, value in cfg.items():
        if key == 'pretrained':
            # timm's switch is a bool, the others are a tag or a path
            result[key] = False if isinstance(value, bool) else None
        elif key == 'checkpoint_path':
            result[key] = ''
        elif not (key == 'init_cfg' and _is_checkpoint(value)):
            result[key] = strip_weights(value)
    return result


def _is_checkpoint(cfg: Any) -> bool:
    return isinstance(cfg, dict) and cfg.get('type') == 'Pretrained'


def measure(model: nn.Module, shape: tuple[int, int]) -> list[Row]:
    """Count every part of a model on one picture.

    Args:
        model: A model that takes pictures (1, 3, H, W), such as ``ImageClassifier``.
        shape: Height and width of the picture, px.

    Returns:
        A row for the backbone, each stage of the neck and the head; then ``total``;
        then, if there is one, ``text tower``, which no other row contains.
    """
    model.eval()
    count = _multiply_adds(model, torch.zeros(1, 3, *shape))
    modules = dict(model.named_modules())
    towers = [name for name, m in modules.items() if isinstance(m, TextEncoder)]

    def row(label: str, name: str, without: list[str]) -> Row:
        apart = {id(p) for tower in without for p in modules[tower].parameters()}
        own = [p for p in modules[name].parameters() if id(p) not in apart]
        return Row(
            label,
            sum(p.numel() for p in own),
            sum(p.numel() for p in own if p.requires_grad),
            count(name) - sum(count(tower) for tower in without),
        )

    rows = []
    for name in parts(model):
        inside = [tower for tower in towers if f'{tower}.'.startswith(f'{name}.')]
        rows.append(row(name, name, inside))
    rows.append(row('total', '', towers))
    return rows + [row(TEXT, tower, []) for tower in towers]


def parts(model: nn.Module) -> Iterator[str]:
    """Return the names of the children, and of the stages of a NeckSequence."""
    for name, child in model.named_children():
        if isinstance(child, NeckSequence):
            yield from (f'{name}.{stage}' for stage, _ in child.named_children())
        elif not isinstance(child, BaseDataPreprocessor):
            yield name


@torch.no_grad()
def _multiply_adds(model: nn.Module, image: Tensor) -> Callable[[str], int]:
    """Trace the model once; return the count as a function of a module's name."""
    analyzer = FlopAnalyzer(model, image)
    analyzer.set_op_handle('aten::scaled_dot_product_attention', _attention)
    analyzer.set_op_handle('aten::baddbmm', lambda i, o: bmm_flop_jit(i[1:3], o))
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    # torch's fused encoder layer hides its products from the count
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        analyzer.total()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return lambda name: int(analyzer.total(name))


def _attention(inputs: list, outputs: list) -> int:
    """Multiply-adds of q k^T and of the weights times v, all heads."""
    query, key, value = (get_shape(x) for x in inputs[:3])
    queries = torch.Size(query[:-1]).numel()
    return queries * key[-2] * (query[-1] + value[-1])


def read_model_config(path: str, options: dict | None = None) -> Config:
    """Read the config of a model.

    Args:
        path: A file, or ``package::path`` of a config that an installed package ships.
        options: Changes to the config, by dotted key.

    Raises:
        ValueError: The config has no ``model``.
    """
    cfg = read_config(path, options)
    if 'model' not in cfg:
        raise ValueError(f'{path} has no `model`; give a config that trains a model.')
    return cfg


def build(path: str, options: dict | None = None) -> nn.Module:
    """Build a model as it trains, frozen parts held, with random weights.

    Args:
        path: As for :func:`read_model_config`.
        options: As for it.

    Raises:
        ValueError: The config has no ``model``, or freezes a module that it lacks.
    """
    cfg = read_model_config(path, options)
    model = build_from(cfg)
    for hook in freezers_of(cfg):
        hook.freeze(model)
    return model


def build_from(cfg: Config) -> nn.Module:
    """Build the model of a config that was read, with random weights."""
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return MODELS.build(strip_weights(cfg.model.to_dict()))


def table(rows: list[Row]) -> Table:
    """Lay rows out for a terminal."""
    result = Table('part')
    for column in ('parameters, M', 'trainable, M', 'multiply-adds, G'):
        result.add_column(column, justify='right')
    for row in rows:
        if row.name in ('total', TEXT):
            result.add_section()
        cells = row.parameters / 1e6, row.trainable / 1e6, row.multiply_adds / 1e9
        result.add_row(
            f'{row.name}, once a batch' if row.name == TEXT else row.name,
            *(f'{cell:.3f}' for cell in cells),
        )
    return result


def parse_args(args: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument(
        '--shape',
        type=at_least(1),
        nargs='+',
        default=[448],
        help='side, or height width, px',
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write it there too')
    add_overrides(parser)
    add_overwrite(parser)
    parsed = parser.parse_args(args)
    try:
        check_output('--json', parsed.json, parsed.overwrite)
    except OSError as error:
        parser.error(str(error))
    if len(parsed.shape) > 2 or min(parsed.shape) < 1:
        parser.error(f'--shape {parsed.shape}: give one or two positive numbers.')
    return parsed


def main(args: list[str] | None = None) -> int:
    """Print a table for each config."""
    parsed = parse_args(args)
    with plain_errors():
        return run(parsed)


def run(parsed: argparse.Namespace) -> int:
    """Do what the command line says."""
    shape = parsed.shape[0], parsed.shape[-1]
    console, report = Console(), []
    for path in parsed.configs:
        rows = measure(build(path, parsed.cfg_options), shape)
        title = f'\n{path}, {shape[0]} x {shape[1]} px'
        console.print(title, markup=False, highlight=False, soft_wrap=True)
        console.print(table(rows))
        report.append(
            {'config': path, 'shape': shape, 'parts': [asdict(row) for row in rows]}
        )
    console.print(NOTE)
    if parsed.json:
        write_text(parsed.json, json.dumps(report, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
