import functools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from belbiotech.dataset.documents.manifest import (
    check_files,
    file_entry,
    read_manifest,
    refuse_damaged,
)
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases import release as release_module
from belbiotech.dataset.releases.publish import check_rebuild, make_release
from belbiotech.dataset.releases.registry import REGISTRY, Registry, read_registry, registry_text
from belbiotech.dataset.releases.release import read_release, write_release
from belbiotech.dataset.releases.store import installed_releases
from belbiotech.errors import FactsError, ReleaseError

FACTS = {
    "firms": """\
firm_id,name,other_names,enterprise_number,founded,region,city,origin,parent,segment,source_ids,confidence,date_quality,note
alpha,Alpha,,,2001,BE-VLG,Ghent,university_spinoff,Ghent University,therapeutics,s1,A,stated,
zeta,Zeta,Zèta;Z,,2003-05,BE-WAL,Liège,independent,,vaccines,s1;s2,B,stated,
""",
    "events": """\
firm_id,event,date,counterparty,counterparty_country,amount_million,currency,source_id,confidence,date_quality,note
alpha,bankrupt,2006-03,,,,,s2,A,stated,
zeta,asset_sale,2008,,,3,EUR,s2,B,stated,
""",
    "alliances": """\
firm_id,partner,partner_type,partner_country,start,end,alliance_type,firm_role,upfront_million,total_million,currency,subject,source_id,confidence,date_quality,note
zeta,Big,large_pharma,US,2004-07,,licence_out,provider,2.5,100,EUR,"A vaccine, new",s2,B,stated,
alpha,Ghent University,university,BE,2001,2003-01,consortium,mutual,,,,,s1,A,inferred,
""",
    "financings": """\
firm_id,date,round,amount_million,currency,lead_investor,source_id,confidence,date_quality,note
alpha,2002,seed,1.5,EUR,Fund,s1,A,stated,
zeta,2005,grant,,,,s2,B,stated,
""",
    "sources": """\
source_id,url,title,publisher,published,language
s1,https://example.org/1,One,Gazette,2002-01-02,en
s2,https://example.org/2,Two,Press,2010,fr
""",
}
CHANGELOG = "# Changelog\n\n## [0.1.0]\n\n### Code\n\n- All of it.\n"


@pytest.fixture
def home(tmp_path):
    """A folder with facts, releases and a changelog."""
    (tmp_path / "raw").mkdir()
    for name, text in FACTS.items():
        (tmp_path / "raw" / f"{name}.csv").write_text(text, "utf-8")
    (tmp_path / "processed").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
    return tmp_path


def release(home, version, **options):
    return make_release(
        version, home / "raw", home / "processed", changelog=home / "CHANGELOG.md", **options
    )


def edit(home, name, old, new):
    path = home / "raw" / f"{name}.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def everything(home):
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_the_first_release(home):
    draft = release(home, "0.1.0")
    assert (draft.version, draft.previous, draft.step) == ("0.1.0", None, None)
    folder = home / "processed" / "0.1.0"
    manifest = read_manifest(folder)
    refuse_damaged(folder, check_files(folder, manifest))
    assert list(manifest.raw) == sorted(f"{name}.csv" for name in FACTS)
    registry = read_registry(home / "processed")
    assert registry.manifests == {"0.1.0": file_entry(folder / "manifest.json")}
    log = (home / "CHANGELOG.md").read_text("utf-8")
    assert log.startswith(CHANGELOG)
    assert "### Data\n\nFirst release.\n\n- firm_year: 13 rows\n- firms: 2 rows" in log
    assert (folder / "CHANGES.md").read_text("utf-8").startswith("# Data, version 0.1.0\n\nFirst")


def test_a_release_comes_back_as_it_was_built(home):
    release(home, "0.1.0")
    back = read_release(home / "processed" / "0.1.0")
    built = build(read_facts(home / "raw"))
    assert dict(back.parameters) == dict(built.parameters)
    for (name, table), (_, expected) in zip(back.items(), built.items(), strict=True):
        pd.testing.assert_frame_equal(table, expected, obj=name)


def test_a_corrected_fact_is_a_minor_and_listed(home):
    release(home, "0.1.0")
    edit(home, "events", "bankrupt,2006-03", "bankrupt,2007")
    before = everything(home)
    with pytest.raises(
        ReleaseError, match=r"0\.1\.1 does not fit after 0\.1\.0: .* minor .*0\.2\.0"
    ):
        release(home, "0.1.1")
    assert everything(home) == before
    draft = release(home, "0.2.0")
    assert (draft.previous, draft.step) == ("0.1.0", "minor")
    log = (home / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"## \[0\.2\.0\]\n\n### Data\n\nCompared with 0\.1\.0, a minor change", log)
    assert log.index("## [0.2.0]") < log.index("## [0.1.0]") < log.index("First release.")
    assert "values of events (2 rows before, 2 now) (minor)" in draft.section
    assert '(date "2006-03" -> "2007")' in draft.section
    assert list(read_registry(home / "processed").manifests) == ["0.1.0", "0.2.0"]


def test_another_end_year_through_a_later_page_is_a_minor(home):
    release(home, "0.1.0")
    edit(home, "sources", ",2010,fr", ",2012,fr")
    draft = release(home, "0.2.0")
    assert "end_year was 2009 and is 2011" in [change.what for change in draft.changes]


def test_same_facts_are_a_patch(home):
    release(home, "0.1.0")
    assert release(home, "0.1.1").step == "patch"


def test_a_version_that_exists_is_refused(home):
    release(home, "0.1.0")
    before = everything(home)
    with pytest.raises(ReleaseError, match="exists already, and released data never changes"):
        release(home, "0.1.0")
    assert everything(home) == before


def test_a_version_that_only_the_registry_knows_is_refused(home):
    known = Registry("https://example.org", {"0.1.0": file_entry(home / "raw" / "firms.csv")})
    (home / "processed" / REGISTRY).write_text(registry_text(known), "utf-8")
    before = everything(home)
    with pytest.raises(ReleaseError, match=r"knows version 0\.1\.0 with another manifest"):
        release(home, "0.1.0")
    assert everything(home) == before


def test_broken_facts_release_nothing(home):
    edit(home, "firms", "BE-WAL", "BE-XXX")
    before = everything(home)
    with pytest.raises(FactsError, match="BE-XXX"):
        release(home, "0.1.0")
    assert everything(home) == before


def test_the_address_of_the_registry_is_kept(home):
    (home / "processed" / REGISTRY).write_text(registry_text(Registry("https://example.org")))
    release(home, "0.1.0")
    assert read_registry(home / "processed").address == "https://example.org"


def test_a_rebuild_gives_the_same_files(home):
    release(home, "0.1.0")
    before = everything(home)
    checked = check_rebuild("0.1.0", home / "raw", home / "processed")
    manifest = read_manifest(home / "processed" / "0.1.0")
    sums = {name: entry.sha256 for name, entry in manifest.files.items()}
    sums["manifest.json"] = file_entry(home / "processed" / "0.1.0" / "manifest.json").sha256
    assert dict(checked.itertuples(index=False)) == sums
    edit(home, "events", "bankrupt,2006-03", "bankrupt,2007")
    release(home, "0.2.0")
    check_rebuild("0.2.0", home / "raw", home / "processed")
    with pytest.raises(ReleaseError, match=r"are not those that 0\.1\.0 was built from"):
        check_rebuild("0.1.0", home / "raw", home / "processed")
    assert {name: everything(home)[name] for name in before if name.startswith("processed/0")} == {
        name: content for name, content in before.items() if name.startswith("processed/0")
    }


def test_a_rebuild_tells_other_values_from_another_writer(home, monkeypatch):
    built = build(read_facts(home / "raw"))
    moved = replace(built, firm_year=built.firm_year.assign(failure=0))
    write_release(moved, "0.1.0", home / "processed", raw=home / "raw")
    with pytest.raises(ReleaseError, match=r"otherwise when it is built anew:.*") as caught:
        check_rebuild("0.1.0", home / "raw", home / "processed")
    assert "firm_year.parquet: other values" in str(caught.value)
    assert "events.parquet" not in str(caught.value)
    shutil.rmtree(home / "processed")  # with its registry, which knows that one
    (home / "processed").mkdir()
    release(home, "0.1.0")
    write = functools.partial(pq.write_table, compression="none")
    monkeypatch.setattr(release_module, "write_table", write)
    with pytest.raises(ReleaseError, match=r"events\.parquet: the values are the same; another"):
        check_rebuild("0.1.0", home / "raw", home / "processed")


def test_same_bytes_in_other_folders_zones_locales_and_hash_seeds(home):
    """The real facts, built by two processes as unlike as they can be."""
    facts = Path(__file__).parents[3] / "data" / "raw"
    script = (
        "import sys; from belbiotech.dataset.releases.publish import make_release; "
        "make_release('0.1.0', sys.argv[1], sys.argv[2])"
    )
    for place, zone, locale, seed in [
        ("one", "Pacific/Kiritimati", "C", "1"),
        ("two/deeper", "America/Caracas", "tr_TR.UTF-8", "4242"),
    ]:
        (home / place).mkdir(parents=True)
        settings = {"TZ": zone, "LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script, facts, home / place]
        subprocess.run(command, cwd=home / place, env={**os.environ, **settings}, check=True)
    assert len(everything(home / "one")) > 8
    assert everything(home / "one") == everything(home / "two" / "deeper")


ONE_RELEASE = """
import sys
from pathlib import Path
from belbiotech.dataset.releases.publish import make_release
home = Path(sys.argv[1])
print("ready", flush=True)
make_release("0.1.0", home / "raw", home / "processed", changelog=home / "CHANGELOG.md")
sys.stdin.read()
"""
MANY_RELEASES = """
import itertools, sys
from pathlib import Path
from belbiotech.dataset.releases import release as release_module
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import write_release
home = Path(sys.argv[1])
tables = build(read_facts(home / "raw"))
print("ready", flush=True)
for patch in itertools.count():
    write_release(tables, f"0.1.{patch}", home / "processed")
"""


def kill_once(home, script, wait):
    """Start a script, and kill it so many seconds after it says that it begins to release."""
    command = [sys.executable, "-c", script, home]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def complete_releases(home):
    """Versions that can be found; each of them must be whole."""
    versions = installed_releases(home / "processed")
    for folder in versions.values():
        manifest = read_manifest(folder)
        refuse_damaged(folder, check_files(folder, manifest))
        assert len(manifest.tables) == 6
        assert len(read_release(folder).firm_year) == 13
    return list(versions)


def moments(times, longest):
    generator = random.Random(20261124)
    return [generator.uniform(0, longest) for _ in range(times)]


def kill_while_writing(home, times):
    for wait in moments(times, 0.4):
        kill_once(home, MANY_RELEASES, wait)
        done = complete_releases(home)
        following = f"0.1.{len(done)}"
        write_release(build(read_facts(home / "raw")), following, home / "processed")
        assert complete_releases(home) == [*done, following]
        there = {path.name for path in (home / "processed").iterdir()}
        assert there == {*done, following, REGISTRY}
        shutil.rmtree(home / "processed")
        (home / "processed").mkdir()


def kill_while_releasing(home, times):
    begin = time.monotonic()
    release(home, "0.1.0")
    longest = 1.1 * (time.monotonic() - begin)
    whole = everything(home)
    for wait in moments(times, longest):
        shutil.rmtree(home / "processed")
        (home / "processed").mkdir()
        (home / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
        kill_once(home, ONE_RELEASE, wait)
        if not complete_releases(home):
            release(home, "0.1.0")
        assert everything(home) == whole


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kill", [kill_while_writing, kill_while_releasing])
def test_killed_at_any_moment_nothing_incomplete_loads_and_the_next_run_succeeds(home, kill):
    kill(home, 3)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kill", [kill_while_writing, kill_while_releasing])
def test_killed_at_fifty_moments(home, kill):
    kill(home, 50)
