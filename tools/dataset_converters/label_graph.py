"""Count the labels of a config's training pictures, alone and together.

    python tools/dataset_converters/label_graph.py CONFIG data/label_graph.npz

ML-GCN, SSGRL and CMA read the file. Any data set of this package or of mmpretrain will
do; no picture is opened. In the file, .npz or .safetensors: `names` of the C labels,
`counts` (C,), `cooccurrence` (C, C) and `known` (C, C), the pictures with label i in
which it is known whether they have label j.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mvlr_mm.config import read_config
from mvlr_mm.datasets.checking.splits import Split, read_splits
from mvlr_mm.labels.arrays import ENDINGS
from mvlr_mm.labels.graph import LabelGraph, count_label_graph, write_label_graph
from mvlr_stack.arguments import add_overwrite
from mvlr_stack.errors import show_all_letters
from mvlr_stack.outputs import check_output
from mvlr_stack.overrides import add_overrides


def read_training_split(cfg: Config) -> Split:
    """Return the training pictures of a config.

    Args:
        cfg: With a ``train_dataloader``.

    Raises:
        ValueError: It has none, or its annotations have problems.
    """
    if cfg.get('train_dataloader') is None:
        raise ValueError('the config has no train_dataloader.')
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    (split,) = read_splits(Config(dict(train_dataloader=cfg.train_dataloader)))
    if split.problems:
        raise ValueError(
            f'the training labels have {len(split.problems)} problems, the first: '
            f'{split.problems[0]} `mvlr verify` tells all of them.'
        )
    return split


def describe(graph: LabelGraph, pictures: int) -> list[str]:
    """Return some lines about a graph.

    Args:
        graph: The counts.
        pictures: Number of pictures counted.
    """
    lines = [
        f'{pictures} pictures, {len(graph.names)} labels, '
        f'{graph.counts.sum() / max(pictures, 1):.2f} labels a picture'
    ]
    empty = [n for n, count in zip(graph.names, graph.counts, strict=True) if not count]
    if empty:
        lines.append(f'note: no picture of {", ".join(empty)}.')
    return lines


def main(args: list[str] | None = None) -> int:
    """Count and write.

    Returns:
        The exit status: 0 if the file was written.
    """
    show_all_letters()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG')
    parser.add_argument('out', type=Path, metavar='OUT', help='.npz or .safetensors')
    add_overrides(parser)
    add_overwrite(parser)
    parsed = parser.parse_args(args)
    if parsed.out.suffix not in ENDINGS:
        parser.error(f'{parsed.out} must end with one of {", ".join(ENDINGS)}.')
    try:
        check_output('OUT', parsed.out, parsed.overwrite)
        split = read_training_split(read_config(parsed.config, parsed.cfg_options))
        graph = count_label_graph(split.classes, split.states)
        write_label_graph(parsed.out, graph)
    except (OSError, ValueError) as error:
        print(f'{parsed.config}: {error}', file=sys.stderr)
        return 1
    print('\n'.join([*describe(graph, len(split.paths)), f'written: {parsed.out}']))
    return 0


if __name__ == '__main__':
    sys.exit(main())
