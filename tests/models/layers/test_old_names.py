from mvlr_mm.models.layers.old_names import take_old_names


def test_only_whole_names_below_the_prefix_move():
    state = {'a.old.weight': 1, 'a.older.weight': 2, 'b.old.weight': 3, 'a.rest': 4}
    take_old_names(state, 'a.', {'old': 'new'})
    assert state == {
        'a.new.weight': 1,
        'a.older.weight': 2,
        'b.old.weight': 3,
        'a.rest': 4,
    }
