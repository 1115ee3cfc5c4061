"""Multi-label image recognition with vision and language, for mmpretrain.

Importing the package registers every part in mmpretrain's registries, and its configs
with mmengine: ``_base_ = 'mvlr_mm::mvlr/mvlr_rn101_coco.py'``.
"""

from mvlr_stack import find_problems, installed_versions
from mvlr_stack.quiet import quiet_import

try:
    with quiet_import():
        from mmengine.config.utils import MODULE2PACKAGE

        from . import (
            cache,
            datasets,
            engine,
            evaluation,
            features,
            models,
            registry,
        )
        from .model_hub import register_models

        register_models()
except Exception as error:
    problems = find_problems(installed_versions())
    if not problems:
        raise
    raise ImportError(
        f'mvlr_mm cannot start: {problems[0].text} Mend it: {problems[0].command} '
        '(`mvlr doctor` says more).'
    ) from error
from .structures import VLFeatures
from .version import __version__

# A module's name, not the distribution's: mmengine then asks Python where it lies, and
# finds editable installs and plain checkouts too.
MODULE2PACKAGE['mvlr_mm'] = 'mvlr_mm.version'

__all__ = [
    'VLFeatures',
    '__version__',
    'cache',
    'datasets',
    'engine',
    'evaluation',
    'features',
    'models',
    'registry',
]
