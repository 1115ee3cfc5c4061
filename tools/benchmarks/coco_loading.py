"""Time the loading of a COCO file of train2014's size, with and without its index.

    python tools/benchmarks/coco_loading.py [--folder DIR] [--json FILE]

Writes `instances_train2014.json` into DIR unless it is there: 82,783 pictures and
600,000 boxes with the fields and about the polygons of the genuine file, by a seed.
Then loads it in processes of their own: nothing but the imports, without index, with
index. Seconds are those of building the data set; memory is the process's peak.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mvlr_stack.arguments import add_overwrite, at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import check_output, write_text

NAME = 'instances_train2014.json'
LOAD = """
import json, resource, sys, time
from mvlr_mm.datasets import COCOMultiLabel
start = time.perf_counter()
dataset = [COCOMultiLabel(path, check_files=False) for path in sys.argv[1:]]
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
count = sum(map(len, dataset))
print(json.dumps(dict(seconds=seconds, peak_mb=peak, pictures=count)))
"""


def image_record(index: int) -> dict:
    """Return an entry of ``images`` with the fields of the genuine file."""
    name = f'COCO_train2014_{index:012d}.jpg'
    return dict(
        license=5,
        file_name=name,
        coco_url=f'http://images.cocodataset.org/train2014/{name}',
        height=480,
        width=640,
        date_captured='2013-11-14 16:28:13',
        flickr_url=f'http://farm4.staticflickr.com/3153/{index:010d}_0123456789_z.jpg',
        id=index,
    )


def box_record(rng: np.random.Generator, index: int, images: int) -> dict:
    """Return an entry of ``annotations``; one in a hundred is a crowd."""
    crowd = index % 100 == 0
    points = rng.integers(6, 90) * 2
    x, y, width, height = (rng.random(4) * 300).round(2).tolist()
    if crowd:
        runs = rng.integers(1, 900, 8 * points).tolist()
        segmentation = dict(counts=runs, size=[480, 640])
    else:
        segmentation = [(rng.random(points) * 480).round(2).tolist()]
    return dict(
        segmentation=segmentation,
        area=width * height,
        iscrowd=int(crowd),
        image_id=int(rng.integers(images)),
        bbox=[x, y, width, height],
        category_id=int(rng.integers(1, 81)),
        id=index,
    )


def write_file(path: Path, images: int, boxes: int, seed: int = 0) -> None:
    """Write a COCO file, record by record.

    Args:
        path: File to write.
        images: Number of pictures.
        boxes: Number of boxes.
        seed: Of polygons, pictures and categories.
    """
    rng = np.random.default_rng(seed)

    def array(records: Iterator[dict]) -> Iterator[str]:
        separator = '['
        for record in records:
            yield separator + json.dumps(record)
            separator = ', '
        yield ']'

    parts = dict(
        images=(image_record(i) for i in range(images)),
        annotations=(box_record(rng, i, images) for i in range(boxes)),
        categories=(
            dict(supercategory='thing', id=i, name=f'thing {i}') for i in range(1, 81)
        ),
    )
    draft = path.with_suffix('.tmp')
    with draft.open('w', encoding='utf-8') as file:
        file.write('{"info": {"year": 2014}, "licenses": []')
        for key, records in parts.items():
            file.write(f', "{key}": ')
            file.writelines(array(records))
        file.write('}')
    draft.replace(path)


def load(*paths: Path) -> dict:
    """Load files in a new process; return its ``seconds``, ``peak_mb``, ``pictures``.

    Raises:
        subprocess.CalledProcessError: The process failed.
    """
    done = subprocess.run(
        [sys.executable, '-c', LOAD, *map(str, paths)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(path: Path) -> dict[str, dict]:
    """Return the three measurements by name."""
    path.with_name(f'{path.name}.index.npz').unlink(missing_ok=True)
    return {
        'imports alone': load(),
        'first load': load(path),
        'second load': load(path),
    }


def markdown(results: dict[str, dict]) -> str:
    """Return the table, with memory above that of the imports beside the peak."""
    base = results['imports alone']['peak_mb']
    lines = ['| | seconds | peak memory, MB | above the imports |', '|---|---|---|---|']
    for name, row in results.items():
        peak = row['peak_mb']
        lines.append(
            f'| {name} | {row["seconds"]:.2f} | {peak:.0f} | {peak - base:.0f} |'
        )
    return '\n'.join(lines)


def main(argv: list[str] | None = None) -> int:
    """Write the file, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/coco_loading'))
    parser.add_argument('--images', type=at_least(1), default=82783)
    parser.add_argument('--boxes', type=at_least(1), default=600000)
    parser.add_argument('--json', type=Path, help='file for the numbers')
    add_overwrite(parser)
    args = parser.parse_args(argv)
    with plain_errors():
        check_output('--json', args.json, args.overwrite)
        return run(args)


def run(args: argparse.Namespace) -> int:
    """Do what the command line says."""
    path = args.folder / f'{args.images}_{args.boxes}' / NAME
    if not path.is_file():
        print(f'writing {path} ...', flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, args.images, args.boxes)
    results = measure(path)
    print(f'{path.stat().st_size / 1e6:.0f} MB, Python {platform.python_version()}')
    print(markdown(results))
    if args.json:
        write_text(args.json, json.dumps(results, indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
