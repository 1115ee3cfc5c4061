from mvlr_mm.cli.config import check_checkpoint


def test_an_address_is_left_to_mmengine():
    check_checkpoint('--resume', 'https://example.org/model.pth')
