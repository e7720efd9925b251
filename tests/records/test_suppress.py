"""Who asked to be left alone is left alone, however the list names them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from mailharvest.errors import SpecError
from mailharvest.records import Suppression, drop_suppressed, suppression, table
from tests.records.sightings import sighting

HASHED = hashlib.sha256(b"hidden@x.example.com").hexdigest()


@pytest.mark.parametrize(
    ("line", "email", "suppressed"),
    [
        ("info@x.example.com", "info@x.example.com", True),
        ("  Info@X.Example.COM.  ", "info@x.example.com", True),
        ("info@x.example.com", "sales@x.example.com", False),
        ("info@x.example.com  # asked on Monday", "info@x.example.com", True),
        ("# info@x.example.com", "info@x.example.com", False),
        ("a#b@x.example.com", "a#b@x.example.com", True),
        ("x.example.com", "info@x.example.com", True),
        ("intern.lan", "info@a.intern.lan", True),
        ("@x.example.com", "info@shop.x.example.com", True),
        ("@x.example.com", "info@notx.example.com", False),
        ("shop.x.example.com", "info@x.example.com", False),
        ("bücher.example.com", "post@xn--bcher-kva.example.com", True),
        (HASHED, "hidden@x.example.com", True),
        (HASHED.upper(), "hidden@x.example.com", True),
        (HASHED, "seen@x.example.com", False),
    ],
)
def test_what_a_line_means(line: str, email: str, suppressed: bool) -> None:
    assert (email in Suppression.parse(["", line])) is suppressed


def test_rows_are_dropped_and_the_others_stay_in_order() -> None:
    rows = table([sighting(f"{n}@{d}.example.com") for d in "xyx" for n in "abc"])
    kept = drop_suppressed(rows, Suppression.parse(["@y.example.com", "b@x.example.com"]))
    assert kept["email"].to_pylist() == ["a@x.example.com", "c@x.example.com"] * 2
    assert drop_suppressed(rows, Suppression()) is rows
    assert drop_suppressed(table([]), Suppression.parse(["x.example.com"])).num_rows == 0


def test_files_are_read_together_and_again_when_they_change(tmp_path: Path) -> None:
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    one.write_text("a@x.example.com\n", encoding="utf-8-sig")
    two.write_text("y.example.com\n")
    both = suppression([one, str(two)])
    assert both == Suppression(frozenset({"a@x.example.com"}), frozenset({"y.example.com"}))
    assert suppression([one, str(two)]) is both
    one.write_text("b@x.example.com\n")
    os.utime(one, ns=(1, 1))
    assert suppression([one]).addresses == {"b@x.example.com"}
    assert suppression([]) == Suppression()


@pytest.mark.parametrize("line", ["Kite <a@x.example.com>", "no domain", "@", "com", HASHED[:-1]])
def test_a_line_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "no.txt"
    path.write_text(f"a@x.example.com\n{line}\n")
    with pytest.raises(SpecError) as error:
        suppression([path])
    assert (error.value.file, error.value.line, error.value.field) == (str(path), 2, "suppress")
    assert line not in error.value.message


def test_a_list_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.txt.*cannot be read"):
        suppression([tmp_path / "gone.txt"])
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"binary\.txt.*cannot be read"):
        suppression([tmp_path / "binary.txt"])
