"""Read a config for its data: what `verify` and `browse` share."""

from mmengine.config import Config
from mmengine.registry import init_default_scope


def load_data_config(path: str, options: dict | None) -> Config:
    """Read a config whose data are wanted, not its model.

    Args:
        path: The config file.
        options: Settings to override.

    Raises:
        FileNotFoundError: The config does not exist.
    """
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(options or {})
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return cfg
