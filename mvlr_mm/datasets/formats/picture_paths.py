"""Where the pictures of an annotation file lie."""

import os.path as osp


def picture_path(prefix: str, name: str) -> str:
    """Return the path of a picture.

    Args:
        prefix: The folder, or address, of the pictures.
        name: A path below it; an absolute path or an address stays as it is.
    """
    return name if '://' in name else osp.join(prefix, name)
