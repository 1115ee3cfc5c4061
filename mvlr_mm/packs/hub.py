"""Packs on the Hugging Face hub."""

import hashlib
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from .files import FILES, SUMS, move_files, read_files, refuse_strangers
from .pack import read_pack


def push(
    folder: str | Path,
    repo: str,
    private: bool = True,
    token: str | None = None,
    message: str = 'Upload a pack of mvlr_mm',
) -> str:
    """Upload a pack; its files alone, after a check of every one.

    Args:
        folder: Of the pack.
        repo: Name of the repository, ``USER/NAME``; it is made.
        private: Whether a new repository is private.
        token: Of the hub; None takes the one of `huggingface-cli login`.
        message: Of the commit.

    Returns:
        The sha256 of the pack, for :func:`from_hub`.

    Raises:
        FileNotFoundError, ValueError: As for :func:`~mvlr_mm.packs.read_pack`.
        ImportError: huggingface_hub is missing.
    """
    pack = read_pack(folder)
    api = _hub().HfApi(token=token)
    api.create_repo(repo, private=private, exist_ok=True)
    api.upload_folder(
        repo_id=repo,
        folder_path=str(pack.folder),
        allow_patterns=[SUMS, *FILES],
        delete_patterns=list(FILES),  # of an earlier pack
        commit_message=message,
    )
    return pack.sha256


def from_hub(
    repo: str,
    folder: str | Path,
    revision: str | None = None,
    sha256: str | None = None,
    token: str | None = None,
) -> Path:
    """Download a pack, and check every file of it.

    Args:
        repo: Name of the repository, ``USER/NAME``.
        folder: Where the pack is to be; it is made. An earlier pack in it is replaced
            once the other is there and was checked; the same one is not downloaded.
        revision: Branch, tag or commit; None is the main branch.
        sha256: What the pack has to be, as :func:`push` and `mvlr pack` say it.
        token: Of the hub; None takes the one of `huggingface-cli login`.

    Returns:
        The folder.

    Raises:
        FileExistsError: The folder has files of something else.
        FileNotFoundError, ValueError: As for :func:`~mvlr_mm.packs.read_pack`.
        ImportError: huggingface_hub is missing.
        OSError: The repository, or the network, is not there.
    """
    folder = Path(folder).expanduser()
    refuse_strangers(folder)
    # what is there stays until the whole of the other is; a download goes on there
    draft = folder / '.download'
    download = partial(
        _hub().snapshot_download,
        repo,
        revision=revision,
        local_dir=str(draft),  # the cache of the hub has links
        token=token,
    )
    download(allow_patterns=[SUMS])
    if not _has(folder, draft / SUMS):
        download(allow_patterns=[SUMS, *FILES])
        try:
            read_pack(draft, sha256)
        except (FileNotFoundError, ValueError):
            shutil.rmtree(draft, ignore_errors=True)
            raise
        move_files(draft, folder)
    shutil.rmtree(draft)
    return read_pack(folder, sha256).folder


def _has(folder: Path, sums: Path) -> bool:
    """Say whether a folder is the pack of a list of files."""
    try:
        return read_files(folder)[1] == hashlib.sha256(sums.read_bytes()).hexdigest()
    except (FileNotFoundError, ValueError):
        return False


def _hub() -> Any:
    from ..extras import require

    return require('huggingface_hub', extra='pack')
