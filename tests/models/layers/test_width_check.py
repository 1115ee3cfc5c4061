import pytest
import torch

from mvlr_mm.models.layers.width_check import check_widths


def test_widths_that_agree_pass():
    check_widths('Stage', 4, visual=torch.ones(2, 6, 4), labels=torch.ones(5, 4))


@pytest.mark.parametrize(
    ('visual', 'labels', 'embed_dim'), [(4, 8, 8), (8, 4, 8), (4, 4, 8)]
)
def test_other_widths_are_named(visual, labels, embed_dim):
    message = (
        rf'Stage: visual is {visual} wide, labels is {labels} wide, but all must be '
        rf'embed_dim \({embed_dim}\): set embed_dim to their width'
    )
    tensors = dict(visual=torch.ones(2, 6, visual), labels=torch.ones(5, labels))
    with pytest.raises(ValueError, match=message):
        check_widths('Stage', embed_dim, **tensors)
