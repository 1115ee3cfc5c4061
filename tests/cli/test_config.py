import argparse

import pytest
from mmengine.config import Config

from mvlr_mm.cli.config import check_checkpoint, complete_loaders


def test_an_address_is_left_to_mmengine():
    check_checkpoint('--resume', 'https://example.org/model.pth')


@pytest.mark.parametrize('workers', ['two', -1, 1.5])
def test_a_number_of_workers_that_is_none_is_refused(workers):
    cfg = Config(dict(val_dataloader=dict(num_workers=workers)))
    message = rf'val_dataloader\.num_workers \({workers!r}\) must be a whole number'
    with pytest.raises(ValueError, match=message):
        complete_loaders(cfg, argparse.Namespace(no_pin_memory=False))
