def test_tags_beside_pictures(make, read):
    files = {'a.txt': '1girl, long hair,\nsolo', 'b.txt': '', 'c.txt': 'solo, solo'}
    pictures = dict.fromkeys(('a.webp', 'b.png', 'c.jpg', 'd.jpg'))
    inside = {f'10_x/{name}': text for name, text in {**files, **pictures}.items()}
    form, classes, labels, _, problems = read(make(**inside))
    assert form == 'tags in a text file beside each picture'
    assert classes == ('1girl', 'long hair', 'solo')
    assert labels == {'a.webp': list(classes), 'b.png': [], 'c.jpg': ['solo']}
    assert problems.found == []
    assert '1 pictures have no text file' in problems.notes[0]


def test_sentences_are_said(make, read):
    text = 'a photo of a cat that sits on a chair'
    *_, problems = read(make(**{'a.txt': text, 'a.jpg': None}))
    assert '1 tags read like sentences, first: ' in problems.notes[0]
    assert text in problems.notes[0]


def test_another_separator(make, read):
    files = {'a.txt': 'red car; x, y', 'a.jpg': None}
    assert read(make(**files), sep=';')[1] == ('red car', 'x, y')
