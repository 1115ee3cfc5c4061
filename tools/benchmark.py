"""Measure how good systems are on your pictures, and how fast the parts are here.

    python tools/benchmark.py accuracy ...   systems side by side, under one protocol
    python tools/benchmark.py side-by-side   several such comparisons in one table
    python tools/benchmark.py speed scan     the selective scan, all implementations
    python tools/benchmark.py speed qmvl     QMVL against its attention twins, figure 5
    python tools/benchmark.py speed text     the text tower, labels' shared words once
    python tools/benchmark.py speed labels   time and memory over the number of labels
    python tools/benchmark.py speed model    whole models, and what optimize() gains
    python tools/benchmark.py speed train    a training step, its options, the loader
    python tools/benchmark.py speed export   an exported graph beside torch
    python tools/benchmark.py speed tag      `mvlr tag` beside its bare model

A part of `speed` is one run with every contestant in it. `--quick` takes seconds and
shows that it runs; its numbers mean nothing. `--out DIR` writes `speed_<part>.json`,
with the machine and all versions, `speed_<part>.md` and pictures. Times are medians;
contestants take turns, so that a slow minute of the machine hits all of them. Nothing
else should run meanwhile. Freed memory is kept, as the `mvlr` command does, else the
kernel's clearing of pages would be measured too.
"""

import argparse
import importlib
import sys
from pathlib import Path

from mvlr_stack.arguments import HelpFormatter, add_overwrite, at_least, number
from mvlr_stack.errors import plain_errors
from mvlr_stack.memory import keep_freed_memory
from mvlr_stack.outputs import check_output

# Each part is a module of tools/benchmarks/speed with `add_arguments` and `run`.
PARTS = ('scan', 'qmvl', 'text', 'labels', 'model', 'train', 'export', 'tag')


def main(argv: list[str] | None = None) -> int:
    """Run one part, print its tables and write them where asked."""
    tools = str(Path(__file__).resolve().parent)
    if tools not in sys.path:
        sys.path.insert(0, tools)
    report = importlib.import_module('benchmarks.speed.report')
    parts = {
        name: importlib.import_module(f'benchmarks.speed.{name}') for name in PARTS
    }
    plain = {
        'accuracy': importlib.import_module('benchmarks.accuracy.command'),
        'side-by-side': importlib.import_module('benchmarks.accuracy.side_by_side'),
    }

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest='kind', required=True)
    for name, part in plain.items():
        sub = kinds.add_parser(
            name, formatter_class=HelpFormatter, description=part.__doc__
        )
        part.add_arguments(sub)
    words = kinds.add_parser('speed').add_subparsers(dest='part', required=True)
    for name, part in parts.items():
        sub = words.add_parser(name, help=part.__doc__.splitlines()[0])
        sub.add_argument(
            '--threads', type=at_least(1), default=2, help='of torch on the CPU'
        )
        sub.add_argument(
            '--seconds', type=number(above=0), default=20, help='for a contestant'
        )
        sub.add_argument('--quick', action='store_true', help='tiny sizes, to try it')
        sub.add_argument('--out', type=Path, metavar='DIR', help='write the results')
        add_overwrite(sub)
        part.add_arguments(sub)
    args = parser.parse_args(argv)
    keep_freed_memory()
    with plain_errors():
        if args.kind in plain:
            return plain[args.kind].run(args)
        if args.out:
            for path in report.outputs(args.part, args.out):
                check_output('--out', path, args.overwrite)
        result = parts[args.part].run(args)
        if result is not None:
            report.publish(args.part, result, args)
    return 0


if __name__ == '__main__':
    sys.exit(main())
