"""From the wheel in an empty environment to the first own panel fitted, as in docs/own_data.md."""

import csv
import json
import os
import random
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import belbiotech as bb

ROOT = Path(__file__).parents[2]
FIRMS = 500
LAST = 2025
ENDS = {"bankrupt": "bankrupt", "sold": "acquired", "licence withdrawn": "licence_withdrawn"}
VALUES = """column,value,label,means
segment,payments,Payments,
segment,lending,Lending,
segment,wealth,Wealth,
partner_type,bank,Bank,downstream
partner_type,big_tech,Big tech,horizontal
event,licence_withdrawn,Licence withdrawn,failure
enterprise_number,DE,Handelsregister,"HR[AB] [0-9]{1,6}"
"""
USUAL = {"confidence": "B", "date_quality": "stated"}


def fintechs():
    """Firms and deals as a newcomer has them; dates as precise as they happen to be known."""
    chance = random.Random(7)
    firms, deals = [], []
    for number in range(FIRMS):
        name, born = f"Fin {number}", chance.randint(1998, 2018)
        wanted = min(chance.choice([0, 0, 1, 2, 4]), LAST - born)
        signed = sorted(chance.sample(range(born, LAST), wanted))
        closed, how = "", ""
        for year in range(born + 1, LAST + 1):
            if chance.random() < (0.07 if any(sign < year for sign in signed) else 0.12):
                closed, how = year, chance.choices(list(ENDS), [5, 3, 1])[0]
                break
        founded = born if number % 3 else f"{born}-0{1 + number % 9}"
        field = ("payments", "lending", "wealth")[number % 3]
        firms.append((name, founded, closed, how, field))
        deals += [
            (name, year if year % 2 else f"{year}-11-07", chance.choice(["bank", "big tech"]))
            for year in signed
            if closed == "" or year < closed
        ]
    return firms, deals


def write_lists(folder):
    """As a spreadsheet saves them: a byte order mark and Windows' line ends in one of the two."""
    firms, deals = fintechs()
    for name, heads, rows, how in (
        ("firms", "company,founded,closed,how,field", firms, ("utf-8-sig", "\r\n")),
        ("deals", "company,date,kind", deals, ("utf-8", "\n")),
    ):
        with (folder / f"{name}.csv").open("w", encoding=how[0], newline="") as file:
            writer = csv.writer(file, lineterminator=how[1])
            writer.writerows([heads.split(","), *rows])


def fill_facts(folder):
    """The same as facts with a page each, in the files that new-facts wrote."""
    rows = {name: [] for name in ("firms", "events", "alliances", "sources")}

    def page(name, published):
        address = {"source_id": name, "url": f"https://example.org/{name}", "title": "A page"}
        about = {"publisher": "A paper", "published": str(published), "language": "de"}
        rows["sources"].append({**address, **about})
        return name

    def slug(name):
        return name.lower().replace(" ", "-")

    firms, deals = fintechs()
    for number, (name, founded, closed, how, field) in enumerate(firms):
        firm = {"firm_id": slug(name), "name": name, "enterprise_number": f"HRB {number + 1}"}
        place = {"founded": founded, "region": "DE-BE", "origin": "independent"}
        pages = {"segment": field, "source_ids": page(slug(name), int(str(founded)[:4]) + 1)}
        rows["firms"].append({**firm, **place, **pages, **USUAL})
        if how:
            end = {"firm_id": slug(name), "event": ENDS[how], "date": closed}
            rows["events"].append({**end, "source_id": page(f"{slug(name)}-end", closed), **USUAL})
    for number, (name, date, kind) in enumerate(deals):
        deal = {"firm_id": slug(name), "partner": f"Partner {number}", "start": date}
        kinds = {"partner_type": kind.replace(" ", "_"), "alliance_type": "unspecified"}
        told = {"firm_role": "unknown", "source_id": page(f"deal-{number}", date)}
        rows["alliances"].append({**deal, **kinds, **told, **USUAL})
    for name, some in rows.items():
        path = folder / f"{name}.csv"
        heads = path.read_text("utf-8").strip().split(",")
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, heads, lineterminator="\n").writerows(some)
    (folder / "values.csv").write_text(VALUES, "utf-8")


def code_of_the_page():
    """The first block of Python in docs/own_data.md."""
    text = (ROOT / "docs" / "own_data.md").read_text("utf-8")
    return text.split("```python\n")[1].split("```")[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An environment with the wheel; what it depends on is that of the environment of the tests."""
    home = tmp_path_factory.mktemp("newcomer")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(home)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = home.glob("*.whl")
    venv.create(home / "env", with_pip=True)
    python = home / "env" / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True)
    others = Path(site.stdout.strip()) / "others.pth"
    others.write_text(sysconfig.get_path("purelib") + "\n")  # no .pth in it is followed
    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return home


def run(home, *words):
    """Type a command in the newcomer's folder, and give what it prints."""
    command = [home / "env" / "bin" / words[0], *words[1:]]
    outside = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
    done = subprocess.run(command, cwd=home, env=outside, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_lists_of_firms_and_deals_are_fitted(home):
    write_lists(home)
    where = run(home, "python", "-c", "import belbiotech; print(belbiotech.__file__)")
    assert Path(where.strip()).is_relative_to(home)
    code = code_of_the_page() + "\nprint(rows['company'].nunique())\n"
    last = code.index("bb.cox(")
    code = f"{code[:last]}fitted = {code[last:]}print(fitted.n_clusters, fitted.n_events)\n"
    (home / "first.py").write_text(code, "utf-8")
    ends = [how for *_, how, _ in fintechs()[0]]
    told = f"{FIRMS}\n{FIRMS} {ends.count('bankrupt')}\n"
    assert run(home, "python", "first.py") == told


@pytest.mark.slow
def test_facts_with_own_codes_become_a_panel_and_a_fit(home):
    run(home, "belbiotech", "new-facts", "my_facts")
    fill_facts(home / "my_facts")
    checked = json.loads(run(home, "belbiotech", "validate", "my_facts", "--json"))
    assert (checked["problems"], checked["sizes"]["firms"]) == (0, FIRMS)
    built = json.loads(run(home, "belbiotech", "build", "my_facts", "--out", "my_panel", "--json"))
    firms, deals = fintechs()
    until = built["parameters"]["end_year"]
    fates = [how for *_, closed, how, _ in firms if closed and closed <= until]
    assert built["firms"] == FIRMS
    assert built["acquisitions"] == fates.count("sold")
    assert built["failures"] == len(fates) - fates.count("sold")
    formula = "exit ~ alliances_downstream_active_lag1"
    words = ("belbiotech", "fit", formula, "--data", "my_panel", "--json")
    (line,) = json.loads(run(home, *words))["rows"]
    panel = bb.load_panel(home / "my_panel")
    fitted = bb.cox(formula, panel[panel["observed"]], cluster="firm_id")
    assert line["coef"] == pytest.approx(fitted.params.iloc[0], rel=1e-12)
    alliances = bb.load_table("alliances", home / "my_panel")
    banks = sum(kind == "bank" for *_, kind in deals)
    assert (alliances["partner_group"] == "downstream").sum() == banks
