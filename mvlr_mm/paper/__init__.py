"""The paper's own tables: what each row changes, what the paper measured with it."""

from .tables import FULL, METRICS, TABLES, Numbers, Row, Table

__all__ = ['FULL', 'METRICS', 'TABLES', 'Numbers', 'Row', 'Table']
