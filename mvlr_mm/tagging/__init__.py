"""Tags of pictures in files: tables of results, sidecars, drawings."""

from .result_files import read_rows, rows_writer
from .sidecars import SIDECARS, sidecar_path, write_sidecar

__all__ = ['SIDECARS', 'read_rows', 'rows_writer', 'sidecar_path', 'write_sidecar']
