from benchmarks.accuracy.names_page import NUMBERS, names_section


def content(*rows):
    known = {'seen': ['cat', 'dog'], 'unseen': ['a_cow']}
    return {'supervision': known, 'rows': [*rows]}


def row(name, *seeds):
    return {'name': name, 'seeds': {str(i): seed for i, seed in enumerate(seeds)}}


def numbers(start, prefix=''):
    return {f'{prefix}{name}': start + i for i, name in enumerate(NUMBERS)}


def test_a_line_for_each_way_of_asking():
    both = numbers(1.0) | numbers(50.0, 'in one list: ')
    text = names_section(content(row('one', both, both), row('two', numbers(7.0))))
    lines = [line.split('|') for line in text.splitlines() if line.startswith('|')]
    cells = [[cell.strip() for cell in line[1:4]] for line in lines[2:]]
    assert cells == [
        ['one', 'apart', '1.00 ± 0.00'],
        ['one', 'in one list', '50.00 ± 0.00'],
        ['two', 'in one list', '7.00'],
    ]
    assert 'Trained and tuned on 2 names. Not trained: a_cow.' in text


def test_a_row_that_no_run_has_filled_stays_empty():
    text = names_section(content(row('one')))
    assert text.splitlines()[-1].replace(' ', '') == '|one|inonelist|||||||'


def test_without_names_held_out_there_is_nothing():
    assert names_section({'supervision': {}, 'rows': []}) == ''
