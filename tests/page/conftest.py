import pytest

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.page import PageTagger


@pytest.fixture(scope='session')
def infer(trained):
    return MultiLabelInferencer(trained.folder, device='cpu')


@pytest.fixture(scope='session')
def tagger(infer):
    return PageTagger(infer, max_pixels=20_000)
