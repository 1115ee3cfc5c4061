from mvlr_mm.datasets.formats.picture_paths import PicturesByStem, picture_path


def test_absolute_paths_and_addresses_stay():
    assert picture_path('x', 'a/b.jpg') == 'x/a/b.jpg'
    assert picture_path('', 'b.jpg') == 'b.jpg'
    assert picture_path('x', '/a/b.jpg') == '/a/b.jpg'
    assert picture_path('x', 's3://a/b.jpg') == 's3://a/b.jpg'
    assert picture_path('s3://x', 'b.jpg') == 's3://x/b.jpg'


def test_pictures_by_stem(tmp_path):
    (tmp_path / 'sub').mkdir()
    for name in ('a.png', 'my photo 2.JPG', 'a.jpeg', 'b.txt', 'sub/c.d.webp'):
        (tmp_path / name).touch()
    pictures = PicturesByStem(str(tmp_path))
    assert pictures.find('a') == [f'{tmp_path}/a.jpeg', f'{tmp_path}/a.png']
    assert pictures.find('my photo 2') == [f'{tmp_path}/my photo 2.JPG']
    assert pictures.find('sub/c.d') == [f'{tmp_path}/sub/c.d.webp']
    for name in ('b', 'sub', 'none', 'no/where'):
        assert pictures.find(name) == []
    assert PicturesByStem('s3://x').find('a') == []
