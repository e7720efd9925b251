from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from mailharvest.sources import files
from mailharvest.sources.files import BadFile, is_markup, paths, read, spans


def pieces(pattern: str, size: int) -> list[tuple[str, bytes]]:
    return [
        (Path(path).name, read(path, start, end))
        for data in spans([pattern], size)
        for path, start, end in data["spans"]
    ]


def test_globs(tmp_path: Path) -> None:
    for name in ("b.html", "a.html", "c.txt", "deep/er/d.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "folder.html").mkdir()
    found = paths([f"{tmp_path}/*.html", f"{tmp_path}/**/*.html", f"{tmp_path}/nothing*"])
    assert [path.name for path in found] == ["a.html", "b.html", "d.html"]


def test_two_stars_are_any_number_of_folders_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("a.txt", "x/b.txt", "x/y/c.txt", "x/y/x/d.txt", ".hidden/e.txt", "x/.f.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    def found(pattern: str) -> str:
        return "".join(path.stem for path in paths([f"{tmp_path}/{pattern}"]))

    assert found("**") == found("**/*") == found("**/*.txt") == found("**/**/*.txt") == "abcd"
    assert found("**/x/*.txt") == "bd"
    assert found("x/**/x/**") == "d"
    assert found(".hidden/**") == "e"
    assert found("**/nothing/**") == found("a.txt/**") == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make links")
def test_links_give_no_file_twice_and_lead_round_nobody(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "z.txt").write_text("")
    (tree / "deep" / "y.txt").write_text("")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "x.txt").write_text("")
    for link, target in (("1", "."), ("2", "."), ("deep/3", ".."), ("0", "deep"), ("4", "../away")):
        (tree / link).symlink_to(target, target_is_directory=True)
    (tree / "itself").symlink_to("itself")
    (tree / "broken.txt").symlink_to("nowhere.txt")
    everything = [tree / "4" / "x.txt", tree / "deep" / "y.txt", tree / "z.txt"]
    assert paths([f"{tree}/**"]) == paths([f"{tree}/**/*.txt"]) == everything
    assert paths([f"{tree}/1/2/*.txt", f"{tree}/*.txt"]) == [tree / "1" / "2" / "z.txt"]
    (tree / "a.txt").symlink_to("z.txt")
    assert paths([f"{tree}/*.txt"]) == [tree / "a.txt"]


def test_a_long_text_is_cut_at_ends_of_lines_without_loss_or_doubling(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    lines = [b"x" * rng.randrange(120) + rng.choice([b"\n", b"\r\n"]) for _ in range(2000)]
    text = b"".join(lines) + b"no newline at the end"
    (tmp_path / "a.txt").write_bytes(text)
    for size in (50, 1000, 4096, len(text) - 1, len(text), len(text) + 1):
        got = [body for _, body in pieces(f"{tmp_path}/a.txt", size)]
        assert b"".join(got) == text, f"seed {seed}, size {size}"
        assert all(body.endswith(b"\n") for body in list(filter(None, got))[:-1]), (
            f"seed {seed}, size {size}"
        )


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"a\n" * 500, b"\n" * 999, b"word " * 400, b"x" * 3000, b"a\rb\r" * 300],
    ids=["empty", "one line", "short lines", "empty lines", "one long line", "one word", "CR"],
)
def test_every_byte_is_in_exactly_one_span(
    text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_OVERRUN", 64)
    (tmp_path / "a.txt").write_bytes(text)
    for size in (64, 65, 100, 1000):
        assert b"".join(body for _, body in pieces(f"{tmp_path}/a.txt", size)) == text


def test_an_address_is_not_cut_in_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_OVERRUN", 256)
    text = b" ".join(b"someone%d@site%d.example.com" % (n, n) for n in range(1000))
    (tmp_path / "a.txt").write_bytes(text)
    got = [body.split() for _, body in pieces(f"{tmp_path}/a.txt", 777)]
    assert len([words for words in got if words]) > 30
    assert [word for words in got for word in words] == text.split()


def test_documents_are_whole_and_small_files_share_a_chunk(tmp_path: Path) -> None:
    for n in range(30):
        (tmp_path / f"{n:02}.html").write_bytes(b"<p>" * 100)
    (tmp_path / "big.html").write_bytes(b"<p>" * 5000)
    chunks = list(spans([f"{tmp_path}/*.html"], 1000))
    assert [len(chunk["spans"]) for chunk in chunks] == [3] * 10 + [1]
    assert all(end is None for chunk in chunks for _, _, end in chunk["spans"])


def test_many_tiny_files_are_not_one_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILES", 10)
    for n in range(25):
        (tmp_path / f"{n}.txt").write_bytes(b"x")
    assert [len(chunk["spans"]) for chunk in spans([f"{tmp_path}/*.txt"])] == [10, 10, 5]


def test_wide_text_stays_whole(tmp_path: Path) -> None:
    text = ("line\n" * 1000).encode("utf-16")
    (tmp_path / "a.txt").write_bytes(text)
    assert [body for _, body in pieces(f"{tmp_path}/a.txt", 100)] == [text]


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    text = b"a@b.example.com\n" * 1000
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text))
    assert pieces(f"{tmp_path}/*.gz", 10) == [("a.txt.gz", text)]
    assert is_markup("x/A.HTML.gz") and is_markup("b.htm") and not is_markup("a.txt.gz")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bomb.html.gz", gzip.compress(bytes(70 * 2**20))),
        ("long.html", bytes(65 * 2**20)),
        ("half.txt.gz", gzip.compress(b"text" * 1000)[:-20]),
        ("none.txt.gz", b"plain text"),
        ("torn.txt.gz", gzip.compress(b"text" * 100)[:12] + b"\xff" * 40),
    ],
    ids=["bomb", "long", "half", "none", "torn"],
)
def test_files_that_cannot_be_read(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadFile) as caught:
        read(str(path), 0, None)
    assert str(caught.value)


def test_a_file_that_is_gone() -> None:
    with pytest.raises(BadFile, match="No such file"):
        read("/nowhere/at/all.txt", 0, None)
