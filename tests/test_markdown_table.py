from rich.cells import cell_len

from mvlr_mm.markdown_table import escaped_name, markdown_table


def test_columns_line_up():
    text = markdown_table(['row', 'mAP'], [['猫', '1.50'], ['long name', '']])
    assert text.splitlines() == [
        '| row       |  mAP |',
        '| --------- | ---: |',
        '| 猫        | 1.50 |',
        '| long name |      |',
    ]
    assert len({cell_len(line) for line in text.splitlines()}) == 1


def test_names_are_shown_as_they_are():
    assert escaped_name('a|b_c\n') == r'a\|b\_c\\n'
