import random
import tracemalloc

from mvlr_mm.tagging.bulk import known as module
from mvlr_mm.tagging.bulk.known import KnownNames


def test_is_a_set(monkeypatch):
    monkeypatch.setattr(module, '_NEW', 7)  # merged often
    known, expected = KnownNames(), set()
    generator = random.Random(0)
    for _ in range(500):
        name = f'/photos/{generator.randrange(150)}.jpg'
        assert (name in known) == (name in expected)
        assert known.add(name) == (name not in expected)
        expected.add(name)
        assert len(known) == len(expected)
    assert all(name in known for name in expected)
    assert '/photos/150.jpg' not in known


def test_hashes_that_end_in_zeros_are_told_apart(monkeypatch):
    monkeypatch.setattr(module, '_NEW', 1)
    keys = [b'a' + bytes(15), b'ab' + bytes(14), b'\x00' * 16, b'a' * 15 + b'\x00']
    names = {f'{i}.jpg': key for i, key in enumerate(keys)}
    monkeypatch.setattr(module, '_hash', names.get)
    known = KnownNames()
    assert [known.add(name) for name in names] == [True] * 4
    assert [known.add(name) for name in names] == [False] * 4


def test_takes_little_memory(monkeypatch):
    monkeypatch.setattr(module, '_NEW', 2**9)
    known = KnownNames()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    known.update(f'/a/long/path/of/a/picture/{i}.jpg' for i in range(2**13))
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert held < 20 * 2**13


def test_names_that_are_no_utf_8_are_known_by_their_text():
    known = KnownNames()
    assert known.add(b'caf\xe9.jpg'.decode('utf-8', 'surrogateescape'))
    assert 'caf\\udce9.jpg' in known  # as parquet has it
