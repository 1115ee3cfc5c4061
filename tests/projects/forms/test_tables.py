import pytest

JPG = dict.fromkeys(('images/a.jpg', 'images/b.jpg', 'images/c.jpg'))
NAMES = {'a.jpg': ['cat', 'dog'], 'b.jpg': ['traffic light'], 'c.jpg': []}
LIGHT = 'traffic light'


@pytest.mark.parametrize(
    'text',
    [
        f'image,labels\na.jpg,cat;dog\nb.jpg,{LIGHT}\nc.jpg,\n',
        f'image,labels\na.jpg,"cat,dog"\nb.jpg,{LIGHT}\nc.jpg,\n',
        f'filename\ttags\na.jpg\tdog|cat\nb.jpg\t{LIGHT}\nc.jpg\t\n',
        f'id;label\na;"cat,dog"\nb;{LIGHT}\nc;\n',
        f"Image Index,Labels\na,\"['cat', 'dog']\"\nb,['{LIGHT}']\nc,[]\n",
        f'n,file_name,cat,dog,{LIGHT}\n7,a.jpg,1,1,0\n8,b.jpg,0,0,1\n9,c.jpg,0,0,0\n',
        f'photo_file,cat,dog,{LIGHT}\na.jpg,True,yes,no\nb.jpg,0.0,0,1\nc.jpg,0,0,0\n',
        f'cat,dog,{LIGHT},images\n1,1,0,a.jpg\n0,0,1,b.jpg\n0,0,0,c.jpg\n',
    ],
)
def test_usual_layouts(make, read, text):
    _, classes, labels, *_, problems = read(make(**{'data.csv': text}, **JPG))
    assert (labels, problems.found) == (NAMES, [])
    assert sorted(classes) == ['cat', 'dog', LIGHT]


def test_indices_need_names(make, read):
    text = 'image,labels\na.jpg,0;2\nb.jpg,1\nc.jpg,\n'
    root = make(**{'data.csv': text}, **JPG)
    with pytest.raises(ValueError, match=r'the labels are numbers, such as .*--cl'):
        read(root)
    names = ('cat', LIGHT, 'dog')
    assert read(root, classes=names)[2] == NAMES
    make(**{'classes.txt': '\n'.join(names)})
    form, classes, labels, *_ = read(root)
    assert (classes, labels) == (names, NAMES)
    assert form == "csv, labels in the column 'labels' (data.csv)"


def test_a_row_a_label_and_a_vector_are_understood_and_said(make, read):
    long = f'image,labels\na.jpg,cat\na.jpg,dog\nb.jpg,{LIGHT}\nc.jpg,\n'
    root = make(**{'data.csv': long}, **JPG)
    _, _, labels, *_, problems = read(root, classes=('cat', 'dog', LIGHT))
    assert labels == NAMES
    assert 'the rows are put together' in problems.notes[0]
    make(**{'data.csv': 'image,labels\na.jpg,1 1 0\nb.jpg,0 0 1\nc.jpg,0 0 0\n'})
    _, _, labels, *_, problems = read(root, classes=('cat', 'dog', LIGHT), sep=' ')
    assert labels == NAMES
    assert 'read as one a class' in problems.notes[0]


def test_a_column_of_splits_is_kept(make, read):
    text = 'image,labels,split\na.jpg,x,train\nb.jpg,x,validation\nc.jpg,y,TEST\n'
    *_, splits, _ = read(make(**{'data.csv': text}, **JPG))
    assert splits == {'a.jpg': 'train', 'b.jpg': 'val', 'c.jpg': 'test'}


def test_other_columns_are_said(make, read):
    text = 'image,width,cat\na.jpg,640,1\nb.jpg,480,0\nc.jpg,1,1\n'
    _, classes, *_, problems = read(make(**{'data.csv': text}, **JPG))
    assert classes == ('cat',)
    assert "'width' not read" in problems.notes[0]


@pytest.mark.parametrize('signs', ['1,-1,-1', '-1,1,-1', ',-1,0'])
def test_a_column_of_1_and_minus_1_is_not_lost(make, read, signs):
    rows = [f'{n}.jpg,{s},1' for n, s in zip('abc', signs.split(','), strict=True)]
    text = '\n'.join(['image,cat,dog', *rows, ''])
    with pytest.raises(ValueError, match=r"column 'cat' holds -1, and a label is 1"):
        read(make(**{'data.csv': text}, **JPG))


def test_a_label_may_be_called_unknown_or_absent(make, read):
    text = 'image,cat,unknown,absent\na.jpg,1,0,0\nb.jpg,0,1,0\nc.jpg,0,1,1\n'
    root = make(**{'data.csv': text}, **JPG)
    _, classes, labels, *_ = read(root)
    assert classes == ('cat', 'unknown', 'absent')
    assert labels == {
        'a.jpg': ['cat'],
        'b.jpg': ['unknown'],
        'c.jpg': ['unknown', 'absent'],
    }
    _, classes, *_, problems = read(root, classes=('cat', 'absent'))
    assert classes == ('cat', 'absent')
    assert "'unknown' not read" in problems.notes[0]


def test_names_choose_the_columns(make, read):
    text = 'image,is_new,cat\na.jpg,1,1\nb.jpg,0,0\nc.jpg,1,1\n'
    root = make(**{'data.csv': text}, **JPG)
    assert read(root)[1] == ('is_new', 'cat')
    assert read(root, classes=('cat',))[1] == ('cat',)
    with pytest.raises(
        ValueError, match="neither a column of labels nor one for 'dog'"
    ):
        read(root, classes=('cat', 'dog'))


def test_what_is_unknown_stays_so(make, read):
    from mvlr_mm.datasets.checking.problems import CollectedProblems
    from mvlr_mm.projects.look import look

    text = 'image,labels,unknown\na.jpg,cat,dog\nb.jpg,dog,\nc.jpg,,\n'
    source = look(make(**{'data.csv': text}, **JPG), CollectedProblems())
    assert [record.unknown for record in source.records] == [['dog'], [], []]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.jpg,cat\nb.jpg,dog\n', 'csv:1: the first line must name the columns'),
        ('sep=;\nimage;labels\na.jpg;cat\n', "csv:1: 'sep=' is a note for a spread"),
        ('image,labels\na.jpg,"x;y,z"\n', "';' and ','; say which"),
        ('image,labels\na.jpg,red car\n', "has spaces, as in 'red car': by --sep ' '"),
        ('image,labels,tags\na.jpg,x,y\n', r"\['labels', 'tags'\] can all be"),
        ('image,image\na.jpg,x\n', "the column 'image' occurs twice"),
        ('image,labels,unkown\na.jpg,x,y\n', "'unkown' is not read, and looks like"),
        ('image,cat,unknown\na.jpg,1,\n', "the column 'unknown' goes with a column of"),
        ('x,y\n1,2\n', r"no column of \['x', 'y'\] is that of the pictures"),
        ('image,width\na.jpg,640\n', 'has no column of labels: call it labels'),
        ('image,labels,split\na.jpg,x,later\n', r"csv:2: split \('later'\) must be"),
    ],
)
def test_what_is_not_understood_stops_it(make, read, text, message):
    with pytest.raises(ValueError, match=message):
        read(make(**{'data.csv': text}, **JPG))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('image,cat\na.jpg,1\nb.jpg,0\nc.jpg,-1\n', "csv:4: cat ('-1') must be 0 or 1"),
        ('image,cat\na.jpg,1\nb.jpg,0\nc.jpg,\n', "csv:4: cat ('') must be 0 or 1"),
        ('image,labels\na.jpg,x\nb.jpg,x,y\n', 'csv:3: the line must have 2 columns'),
        ('image,labels\na.jpg,x\nd.jpg,x\n', 'csv:3: there is no picture d.jpg below'),
        ("image,labels\na.jpg,['y']\nb.jpg,[x]\n", "csv:3: '[x]' is no list of names"),
        ('image,labels\na.jpg,x;x\nb.jpg,y\n', "csv:2 has the label 'x' twice"),
    ],
)
def test_a_record_that_is_wrong_is_named_and_left_out(make, read, text, message):
    root = make(**{'data.csv': text}, **JPG)
    _, _, labels, *_, problems = read(root)
    (found,) = problems.found
    assert message in found
    assert len(labels) == text.count('\n') - 2
