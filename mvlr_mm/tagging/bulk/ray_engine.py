"""Tagging by the million with Ray Data, on one machine or many.

Ray reads names and shards, our inferencer decodes and tags in actors, and Ray Data's
own checkpoints say which pictures have rows: a part of the results and its checkpoint
become valid together, and what a killed run has left half done the next one removes.
"""

import os
import sys
from typing import Any

import pyarrow as pa
import ray
from ray.data.checkpoint import CheckpointConfig

from ...apis import MultiLabelInferencer
from ..result_files import ResultRow, arrow_schema, record_of, result_row
from .manifest import CHECKPOINT, Manifest
from .ray_parts import PartsSink, settle_parts
from .ray_source import ID, TOGETHER, Pictures
from .ray_start import running_ray
from .shards import Found
from .sources import Source


def tag_ray(
    model: dict[str, Any],
    source: Source,
    manifest: Manifest,
    workers: int = 1,
    address: str | None = None,
    part_rows: int = 10_000,
    **options: Any,
) -> None:
    """Tag the pictures of a source that have no row yet, each once.

    Args:
        model: Arguments of the inferencer, which every worker makes for itself.
        source: The pictures.
        manifest: Of the folder of the results.
        workers: Models at work, each on a GPU of its own where there are some.
        address: Of a Ray cluster; None starts one here.
        part_rows: Rows of a file of results, about.
        options: Of the call of the inferencer.

    Raises:
        ValueError: There are fewer GPUs than models; or as for the source and for
            :func:`~.ray_parts.settle_parts`.
    """
    settle_parts(manifest.folder)
    with running_ray(workers, address) as cpus:
        folder = str(manifest.folder.resolve())
        found = ray.data.read_datasource(Pictures(source))
        found.context.enable_progress_bars = sys.stderr.isatty()
        found.context.checkpoint_config = CheckpointConfig(
            ID.name,
            os.path.join(folder, CHECKPOINT),
            delete_checkpoint_on_success=False,  # the next run has to know them
        )
        gpus = _gpus_of_each(model['device'], workers)
        rows = found.map_batches(
            _Tagger,
            fn_constructor_kwargs=dict(model=model, options=options),
            batch_size=min(TOGETHER, part_rows),
            batch_format='pyarrow',
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=cpus,
            num_gpus=gpus,
        )
        try:
            rows.write_datasink(PartsSink(folder, part_rows))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error  # its own text is a traceback


def _gpus_of_each(device: str | None, workers: int) -> int | None:
    there = ray.cluster_resources().get('GPU', 0)
    if device == 'cpu' or not there:
        return None
    if workers > there:
        raise ValueError(
            f'--workers {workers}: each model takes a GPU and Ray has {there:g}; ask '
            'for fewer, or add --device cpu.'
        )
    return 1


class _Tagger:
    """The model, in a process of Ray's."""

    def __init__(self, model: dict[str, Any], options: dict[str, Any]) -> None:
        self.infer = MultiLabelInferencer(**model)
        self.options = options

    def __call__(self, table: pa.Table) -> pa.Table:
        found = [Found(**row) for row in table.drop([ID.name]).to_pylist()]
        pictures = (item.picture() for item in found if item.error is None)
        tagged = self.infer(pictures, **self.options)
        rows = [
            ResultRow(item.path, [], [], item.error)
            if item.error is not None
            else result_row(next(tagged))
            for item in found
        ]
        results = pa.Table.from_pylist(list(map(record_of, rows)), arrow_schema())
        return results.append_column(ID, table[ID.name])
