"""job.yaml: read as a person means it, refused with the line and the fix, and never executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailharvest import jobfile
from mailharvest.errors import SpecError
from mailharvest.job import HarvestJob

REFERENCE = """\
query: "real estate agents {city}"
expand: {city: [Cairo, Giza, Alexandria]}
max_emails: 10000
country: eg
language: ar
email_type: business
search: {provider: serper, api_key: "env:SERPER_API_KEY", rate: 10/s, results_per_page: 10}
deep_scrape: true
slots: auto
fetch: {timeout: 20s, max_bytes: 5MB, per_site_delay: 1s, concurrency: 100, robots: true}
include_obfuscated: false
suppress: [suppressed.txt]
tries: 3
timeout: 10m
output: [leads.csv, leads.parquet]
"""


def load(folder: Path, text: str) -> HarvestJob:
    path = folder / "job.yaml"
    path.write_text(text, encoding="utf-8")
    return HarvestJob.from_yaml(path)


def test_the_reference_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suppressed.txt").write_text("info@example.com\n")
    job = load(tmp_path, REFERENCE)
    assert len(job.asked()) == 3
    assert (job.in_flight(), job.timeout, job.fetch.max_bytes) == (500, 600.0, 5_000_000)
    assert job.limits() == {"serper 10/s": "10/s"}
    # Inputs stand beside the job's file, outputs where it was started.
    assert job.suppress == (str(tmp_path / "suppressed.txt"),)
    assert job.output == (str(Path.cwd() / "leads.csv"), str(Path.cwd() / "leads.parquet"))


def test_lists_in_files_stand_beside_the_job(tmp_path: Path) -> None:
    (tmp_path / "cities.txt").write_text("Cairo\nGiza\n")
    (tmp_path / "urls.txt").write_text("https://a.example.com/\n")
    (tmp_path / "a.html").write_text("x")
    for expand in ("{city: {file: cities.txt}}", '{city: "file:cities.txt"}', "{city: cities.txt}"):
        job = load(
            tmp_path, f'query: "bakers {{city}}"\nexpand: {expand}\nsearch: {{provider: simweb}}'
        )
        assert job.asked() == ("bakers Cairo", "bakers Giza")
    assert [u.url for u in load(tmp_path, "urls: urls.txt").seeds()] == ["https://a.example.com/"]
    assert len(list(load(tmp_path, 'files: "*.html"').chunks())) == 1


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("country: no", {"country": "no"}),  # Norway
        ("a: yes\nb: off", {"a": "yes", "b": "off"}),
        ("a: true\nb: False", {"a": True, "b": False}),
        ("a: 10_000\nb: -5\nc: 1.5e3", {"a": 10_000, "b": -5, "c": 1500.0}),
        ("a: 1:30\nb: 2026-11-22\nc: 0x1f", {"a": "1:30", "b": "2026-11-22", "c": "0x1f"}),
        ("a: 20s\nb: 10/s\nc: 5MB", {"a": "20s", "b": "10/s", "c": "5MB"}),
        ("a:\nb: ~\nc: null", {"a": None, "b": None, "c": None}),
        ('a: "5"\nb: !!str 5', {"a": "5", "b": "5"}),
        ("5: a", {"5": "a"}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("\ufeffa: ünï", {"a": "ünï"}),
    ],
)
def test_values_are_those_of_yaml_1_2(tmp_path: Path, text: str, values: dict[str, Any]) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text, encoding="utf-8")
    assert jobfile.read(path).values == values


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("max_emails: 5\nmax_email: 5", 2, "max_email", "did you mean max_emails?"),
        ("fetch:\n  timeout: 20s\n  robot: true", 3, "fetch.robot", "did you mean robots?"),
        ("fetch:\n  robots: true\n  timeout: soon", 3, "fetch.timeout", "no duration"),
        ("tries: 3\ntries: 4", 2, "tries", "comes twice; first on line 1"),
        ("fetch: {robots: true,\n  robots: false}", 2, "fetch.robots", "comes twice"),
        ("expand:\n  city: [Oslo]", 2, "expand.city", "no query uses {city}"),
        ("suppress:\n - gone.txt", 1, "suppress", "cannot be read"),
        ("output: [no/leads.csv]", 1, "output", "there is no folder"),
        ("a: [1", 1, None, "is no YAML"),
        ("a: b: c", 1, None, "is no YAML"),
        ("a:\n\t- b", 2, None, "is no YAML"),
        ("a: !!python/object/apply:os.system ['exit 1']", 1, None, "is not read"),
        ("a: !!python/name:os.system", 1, None, "is not read"),
        ("a: 1\nb: !custom {c: d}", 2, None, "is not read"),
        ("!!set {a: b}", 1, None, "is not read"),
        ("a: !!binary aGk=", 1, None, "is not read"),
        ("a: !!int x", None, None, "is no YAML"),
        ("a: &x [1, 2]", 1, None, "anchors and aliases"),
        ("a: 1\nb: *a", 2, None, "anchors and aliases"),
        ("<<: {a: 1}", 1, None, "<<"),
        ("? [a, b]\n: c", 1, None, "a key must be a plain word"),
        ("{city}: x", 1, None, "a key must be a plain word"),
        ("- a\n- b", 1, None, "holds no job"),
        ("query", 1, None, "holds no job"),
        ("", 1, None, "holds no job"),
        ("a: 1\n---\nb: 2", 2, None, "is no YAML"),
        ("a: \x07", None, None, "is no YAML"),
        ("[" * 5_000, None, None, "nested too deep"),
    ],
)
def test_refusals_name_file_line_and_fix(
    tmp_path: Path, text: str, line: int | None, field: str | None, message: str
) -> None:
    if field:
        text += '\nquery: "bakers"\nsearch: {provider: simweb}\n'
    with pytest.raises(SpecError) as error:
        load(tmp_path, text)
    refused = error.value
    assert (refused.file, refused.line) == (str(tmp_path / "job.yaml"), line)
    assert field is None or refused.field == field
    assert message in str(refused)
    assert refused.fix
    assert "\n" not in str(refused)


def test_all_mistakes_come_with_their_lines_the_first_first(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        load(tmp_path, "query: x\nsearch: {provider: simweb}\nslots: 0\nbogus: 1\ntries: 0\n")
    assert (error.value.line, error.value.field) == (3, "slots")
    assert "line 4: bogus: unknown key" in str(error.value)
    assert "line 5: tries: " in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.yaml: cannot be read: No such file"):
        HarvestJob.from_yaml(tmp_path / "gone.yaml")
    with pytest.raises(SpecError, match="cannot be read"):
        HarvestJob.from_yaml(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("query: Zürich".encode("latin-1"))
    with pytest.raises(SpecError, match="is not UTF-8"):
        HarvestJob.from_yaml(tmp_path / "latin.yaml")


def test_a_file_that_is_too_long_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobfile, "MAX_BYTES", 100)
    with pytest.raises(SpecError, match="is longer than 100 bytes"):
        load(tmp_path, "query: " + "x" * 100)
