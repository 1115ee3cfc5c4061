from mvlr_mm.evaluation import functional


def test_every_name_is_there_in_alphabetical_order():
    assert functional.__all__ == sorted(functional.__all__)
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
