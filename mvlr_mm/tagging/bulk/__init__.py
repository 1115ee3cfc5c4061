"""Tagging pictures by the million: from a source to a folder of parquet parts."""

from .estimate import Estimate, estimate
from .job import describe_job
from .local import tag_local
from .manifest import Manifest
from .parts import Parts
from .results import known_names, tally
from .sources import Source

__all__ = [
    'Estimate',
    'Manifest',
    'Parts',
    'Source',
    'describe_job',
    'estimate',
    'known_names',
    'tag_local',
    'tally',
]
