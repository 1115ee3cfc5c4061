"""Read a config for its data: what `verify` and `browse` share."""

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mvlr_mm.config import read_config


def load_data_config(path: str, options: dict | None) -> Config:
    """Read a config whose data are wanted, not its model.

    Args:
        path: The config file.
        options: Settings to override.

    Raises:
        FileNotFoundError: The config does not exist.
    """
    cfg = read_config(path, options)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return cfg
