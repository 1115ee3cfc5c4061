"""The files of a pack: few known names, and the sha256 of each."""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from mvlr_stack.outputs import whole_file, write_text

SUMS, ABOUT, WEIGHTS = 'SHA256SUMS', 'pack.json', 'model.safetensors'
#: The scale of labels that were never trained, where it was measured.
NAMES = 'names.safetensors'
#: What the multi-label reader of imgutils loads; see :mod:`mvlr_mm.packs.onnx_files`.
ONNX = (
    'model.onnx',
    'selected_tags.csv',
    'preprocess.json',
    'thresholds.csv',
    'categories.json',
)
FILES = (ABOUT, WEIGHTS, NAMES, *ONNX)
_KEPT = (ABOUT, WEIGHTS, NAMES)
#: Files that hubs and people put beside the others. Nothing reads them.
_BESIDE = ('README.md', 'LICENSE')
_LARGEST = {SUMS: 2**16, ABOUT: 2**26}  # bytes
_OURS = re.compile(rb'\s*{\s*"format"\s*:\s*"mvlr-pack-')  # so :data:`ABOUT` begins
_LINE = re.compile(r'([0-9a-f]{64}) [ *](\S+)')


def read_files(
    folder: str | Path, sha256: str | None = None
) -> tuple[dict[str, bytes], str]:
    """Read what makes the model, after a check of every file.

    What is returned is what was checked: no file is opened a second time.

    Args:
        folder: Of the pack.
        sha256: That of the list of files, where it is known from elsewhere.

    Returns:
        The contents by name, and the sha256 of the list of files.

    Raises:
        FileNotFoundError: There is no such folder, or a file is missing.
        ValueError: A file is not the one that was packed, is a link, has another name,
            or the list is another than ``sha256`` says.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: there is no such folder.')
    listing = _read(folder, SUMS)[0]
    own = hashlib.sha256(listing).hexdigest()
    if sha256 is not None and sha256.lower() != own:
        raise ValueError(
            f'{folder}: this is another pack than the one asked for: the sha256 of its '
            f'{SUMS} is {own}, not {sha256}.'
        )
    sums = _parse(listing, folder)
    refuse_others(folder, sums)
    found = {}
    for name, expected in sums.items():
        content, actual = _read(folder, name, keep=name in _KEPT)
        if actual != expected:
            raise ValueError(
                f'{folder / name} is not the file that was packed: its sha256 is '
                f'{actual}, {SUMS} says {expected}. It was changed, cut or extended '
                'since; get the pack again.'
            )
        found[name] = content
    return found, own


def write_files(folder: str | Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of a pack into an empty folder, the list of them last.

    Args:
        folder: It is there.
        contents: By name, of :data:`FILES`.
    """
    for name, content in contents.items():
        with whole_file(Path(folder) / name) as draft:
            draft.write_bytes(content)
    sums = {k: hashlib.sha256(content).hexdigest() for k, content in contents.items()}
    lines = [f'{digest}  {name}\n' for name, digest in sums.items()]
    write_text(Path(folder) / SUMS, ''.join(lines))


def move_files(draft: Path, folder: Path) -> None:
    """Move a whole pack to its place, over an earlier one if there is one.

    Without the list of files, which goes first and comes last, a folder is no pack: one
    that was half moved is refused.

    Args:
        draft: Folder of the pack, on the same disk.
        folder: Its place; it is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMS).unlink(missing_ok=True)
    for name in (*FILES, SUMS):
        if (draft / name).exists():
            os.replace(draft / name, folder / name)
        else:  # of the earlier pack
            (folder / name).unlink(missing_ok=True)


def refuse_others(folder: Path, names: Collection[str]) -> None:
    """Refuse a folder in which there is more than a pack.

    Args:
        folder: It is there.
        names: Of the files of the pack. What hubs add and what is hidden may be there.

    Raises:
        ValueError: There is something else.
    """
    for name in sorted(os.listdir(folder)):
        if name not in (*names, *_BESIDE, SUMS) and not name.startswith('.'):
            raise ValueError(
                f'{folder} has a file {name[:80]!r}, which {SUMS} does not list: it '
                'is no file of a pack, or was added or renamed since the pack was '
                'made. Take it out, or get the pack again.'
            )


def refuse_strangers(folder: Path) -> None:
    """Refuse to write a pack into a folder of something else, which would be replaced.

    Args:
        folder: It need not be there. It may hold a pack, or the begin of one.

    Raises:
        FileExistsError: A file has a name of a pack's, and there is no pack.
        ValueError: As for :func:`refuse_others`.
    """
    if not folder.is_dir():
        return
    refuse_others(folder, FILES)
    for name in () if _is_begun(folder) else (*FILES, SUMS):
        if (folder / name).exists():
            raise FileExistsError(
                f'{folder / name} exists and is of no pack; name another folder.'
            )


def _is_begun(folder: Path) -> bool:
    """Say whether there is a pack, or what is left of one that was half moved."""
    about = folder / ABOUT
    if not about.is_file():
        return False
    with about.open('rb') as file:
        return _OURS.match(file.read(100)) is not None


def _parse(listing: bytes, folder: Path) -> dict[str, str]:
    sums: dict[str, str] = {}
    for line in listing.decode('ascii', 'backslashreplace').splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[2] in sums:
            raise ValueError(
                f'{folder / SUMS} is damaged: {line[:80]!r} is no sha256 and name, or '
                'the name stands there twice; get the pack again.'
            )
        if match[2] not in FILES:
            raise ValueError(
                f'{folder / SUMS} names {match[2][:80]!r}; a pack consists of '
                f'{", ".join(FILES)} and of nothing else.'
            )
        sums[match[2]] = match[1]
    for name in (ABOUT, WEIGHTS):
        if name not in sums:
            raise ValueError(
                f'{folder / SUMS} has no line for {name}; get the pack again.'
            )
    return sums


def _read(folder: Path, name: str, keep: bool = True) -> tuple[bytes, str]:
    """Return the content of a plain file, if it is kept, and its sha256."""
    path = folder / name
    try:  # a pipe would wait for its other end
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path} is missing: {folder} is no pack, or not a whole one; get it again.'
        ) from None
    except OSError as error:
        if path.is_symlink():
            raise ValueError(f'{path} is a link; a pack has files alone.') from error
        raise
    state = os.fstat(number)
    if not stat.S_ISREG(state.st_mode):
        os.close(number)
        raise ValueError(f'{path} is no file; a pack has files alone.')
    with open(number, 'rb') as file:
        if state.st_size > _LARGEST.get(name, state.st_size):
            raise ValueError(
                f'{path} has {state.st_size} bytes; at most {_LARGEST[name]} are read.'
            )
        digest, content = hashlib.sha256(), b''
        if keep:
            content = file.read()
            digest.update(content)
        while block := file.read(2**20):
            digest.update(block)
    return content, digest.hexdigest()
