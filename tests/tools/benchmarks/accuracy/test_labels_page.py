from benchmarks.accuracy.labels_page import NUMBERS, labels_section


def content(*rows):
    known = {'seen': ['cat', 'dog'], 'unseen': ['a_cow']}
    return {'supervision': known, 'rows': [*rows]}


def row(name, *seeds):
    return {'name': name, 'seeds': {str(i): seed for i, seed in enumerate(seeds)}}


def numbers(start, prefix=''):
    return {f'{prefix}{name}': start + i for i, name in enumerate(NUMBERS)}


def test_a_line_for_each_way_of_asking():
    both = numbers(1.0) | numbers(50.0, 'in one list: ')
    text = labels_section(content(row('one', both, both), row('two', numbers(7.0))))
    lines = [line.split('|') for line in text.splitlines() if line.startswith('|')]
    cells = [[cell.strip() for cell in line[1:4]] for line in lines[2:]]
    assert cells == [
        ['one', 'apart', '1.00 ± 0.00'],
        ['one', 'in one list', '50.00 ± 0.00'],
        ['two', 'in one list', '7.00'],
    ]
    assert 'Trained and tuned on 2 names. Not trained: a_cow.' in text


def test_a_row_that_no_run_has_filled_stays_empty():
    text = labels_section(content(row('one')))
    assert text.splitlines()[-1].replace(' ', '') == '|one|inonelist|||||||'


def test_without_names_held_out_there_is_nothing():
    assert labels_section({'supervision': {}, 'rows': []}) == ''


def test_partial_labels_are_said():
    known = {'known': 0.1, 'seed': 2, 'rest': 'unknown'}
    text = labels_section({'supervision': known, 'rows': []})
    assert '10 % of the labels of the training pictures, drawn by the seed 2' in text
    assert 'left out of all losses' in text
    known = {'known': 'single positive', 'seed': 0, 'rest': 'absent'}
    text = labels_section({'supervision': known, 'rows': []})
    assert 'assume negative' in text
    assert 'One of the labels that are there' in text
