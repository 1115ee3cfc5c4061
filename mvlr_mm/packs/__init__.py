"""A trained model as a folder that is safe to share: weights, settings, checksums."""

from .hub import from_hub, push
from .pack import Pack, build, load_pack, read_pack
from .write import write_pack

__all__ = [
    'Pack',
    'build',
    'from_hub',
    'load_pack',
    'push',
    'read_pack',
    'write_pack',
]
