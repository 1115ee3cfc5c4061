"""Write a vector for each label, from GloVe's words, a BERT or a CLIP.

    python tools/dataset_converters/label_vectors.py coco out.npz --glove vectors.txt

CLASSES is a json list, a text file with a name a line, or `coco`, `voc`, `nuswide`,
`pa100k`. The file, .npz or .safetensors, gets `names` and an array for each source that
is asked for: `glove`, `bert`, `clip`, each (C, V) float32. `LabelVectors` and the heads
that take `label_vectors` read it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from mvlr_mm.labels.arrays import ENDINGS, write_named_arrays
from mvlr_mm.labels.names import read_label_names
from mvlr_mm.models.text import (
    CLIPTextEncoder,
    HFTextEncoder,
    TextEncoder,
    read_label_vectors,
)
from mvlr_stack.arguments import add_overwrite
from mvlr_stack.errors import show_all_letters
from mvlr_stack.outputs import check_output

SOURCES = ('glove', 'bert', 'clip')


@torch.no_grad()
def encode(encoder: TextEncoder, names: tuple[str, ...], template: str) -> np.ndarray:
    """Return what a text tower makes of the labels, (C, D) float32.

    Args:
        encoder: The tower.
        names: Of the C labels.
        template: What the tower reads, with ``{}`` for the name.
    """
    texts = [template.replace('{}', name) for name in names]
    return encoder.encode(encoder.tokenize(texts)).float().numpy()


def make_vectors(args: argparse.Namespace) -> dict[str, np.ndarray]:
    """Return the vectors of each source that the command line asks for."""
    names, vectors = args.names, {}
    if args.glove:
        vectors['glove'] = read_label_vectors(args.glove, names).numpy()
    if args.bert:
        tower = HFTextEncoder(args.bert, pooling=args.pooling)
        vectors['bert'] = encode(tower, names, args.template)
    if args.clip:
        tower = CLIPTextEncoder(args.clip, args.pretrained)
        vectors['clip'] = encode(tower, names, args.template)
    return vectors


def parse_args(args: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('classes', metavar='CLASSES')
    add('out', type=Path, metavar='OUT', help='.npz or .safetensors')
    add('--glove', metavar='FILE', help='a text file with a word and its vector a line')
    add('--bert', metavar='MODEL', help='name on the hub, or a folder')
    add(
        '--pooling',
        default='cls',
        help="the tower's token: cls, mean, last (default: %(default)s)",
    )
    add('--clip', metavar='MODEL', help='name in open_clip, or its json config')
    add('--pretrained', help="the CLIP's weights: a tag of open_clip, or a file")
    add(
        '--template',
        default='{}',
        help='what BERT and CLIP read (default: the name alone)',
    )
    add_overwrite(parser)
    parsed = parser.parse_args(args)
    if not any(getattr(parsed, source) for source in SOURCES):
        parser.error(f'give a source: {", ".join(f"--{s}" for s in SOURCES)}.')
    if parsed.clip and not parsed.pretrained:
        parser.error('--clip needs --pretrained; without weights vectors are random.')
    if parsed.template.count('{}') != 1:
        parser.error(f'--template {parsed.template!r} must have one {{}} for the name.')
    if parsed.out.suffix not in ENDINGS:
        parser.error(f'{parsed.out} must end with one of {", ".join(ENDINGS)}.')
    return parsed


def main(args: list[str] | None = None) -> int:
    """Make the vectors and write them.

    Returns:
        The exit status: 0 if the file was written.
    """
    show_all_letters()
    parsed = parse_args(args)
    try:
        check_output('OUT', parsed.out, parsed.overwrite)
        parsed.names = read_label_names(parsed.classes)
        vectors = make_vectors(parsed)
        write_named_arrays(parsed.out, parsed.names, vectors)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for source, array in vectors.items():
        print(f'{source}: {array.shape[0]} labels, {array.shape[1]} numbers each')
    print(f'written: {parsed.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
