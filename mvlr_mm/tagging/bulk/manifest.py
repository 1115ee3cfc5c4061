"""The record of a bulk run: what it is about, and what is finished."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvlr_stack.outputs import named_when_full

from ...stores.lock import hold
from .job import differences

# readers of folders of parquet pass over names with a _ first
MANIFEST, CHECKPOINT = '_manifest.jsonl', '_checkpoint'
PARTS = 'part-*.parquet'


class Manifest:
    """Lines of json: the first says what the run is about, the others what is finished.

    Lines are added and none is ever changed. What is behind the last end of a line was
    cut off when it was written, and is taken away. While a manifest is open, no other
    run can open it. Only what a manifest speaks of is ever removed.

    Args:
        folder: Of the results; it is made.
        job: What the run is about, from :func:`~.job.describe_job`.
        overwrite: Whether what the folder has of any run is removed first.

    Attributes:
        lines: Those after the first.

    Raises:
        BlockingIOError: Another run is at work in the folder.
        FileExistsError: The folder has results of another run, or parquet files of
            something else.
        ValueError: A line in the midst is damaged.
    """

    def __init__(
        self, folder: str | Path, job: Mapping[str, Any], overwrite: bool = False
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / MANIFEST
        self._file = open(self.path, 'a+b')  # noqa: SIM115 (open until `close`)
        try:
            hold(
                self._file,
                f'{self.folder}: another `mvlr tag` is at work there; wait for it, or '
                'name another folder.',
            )
            begun = self.path.stat().st_size > 0
            for draft in self.folder.glob(f'.{PARTS}') if begun else ():
                draft.unlink()  # a killed run was at it
            if overwrite and begun:
                self._remove_results()
            lines = self._read()
            if not lines:
                self._refuse_results()
                self._write(job)
            else:
                self._compare(lines[0], job)
            self.lines = lines[1:]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> 'Manifest':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another run open it."""
        with named_when_full(self.path):  # what could not be written is tried again
            self._file.close()

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line; it is on the disk when this returns."""
        self._write(line)
        self.lines.append(dict(line))

    def _write(self, line: Mapping[str, Any]) -> None:
        with named_when_full(self.path):
            self._file.write(json.dumps(line).encode() + b'\n')
            self._file.flush()
            os.fsync(self._file.fileno())

    def _remove_results(self) -> None:
        for path in self.folder.glob(PARTS):
            path.unlink()
        shutil.rmtree(self.folder / CHECKPOINT, ignore_errors=True)
        self._file.truncate(0)

    def _read(self) -> list[dict[str, Any]]:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b'\n') + 1
        if whole < len(content):
            self._file.truncate(whole)
        lines = []
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                lines.append(json.loads(line))
            except ValueError as error:
                raise ValueError(
                    f'{self.path}:{number} is damaged: {error}; name another folder, '
                    'or add --overwrite to begin anew.'
                ) from error
        return lines

    def _refuse_results(self) -> None:
        for path in self.folder.glob('*.parquet'):
            self.path.unlink()  # it was not there before
            raise FileExistsError(
                f'{path} is there and {self.path} does not say of what run; move it '
                'away, or name another folder.'
            )

    def _compare(self, before: Mapping[str, Any], job: Mapping[str, Any]) -> None:
        other = differences(before, job)
        if other:
            raise FileExistsError(
                f'{self.folder} has results of another run. {"; ".join(other)}. Name '
                'another folder, or add --overwrite to replace them.'
            )
