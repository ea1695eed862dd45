"""France's and Britain's registers, a register with a map of its own, and guessed maps."""

import json
import tomllib

import pytest

from readers.registers import (
    COMPANIES_HOUSE,
    HISTORY,
    LINKS,
    PERSONS,
    STOCK,
    UNITS,
    chinese,
    firm,
    imported,
    new_study,
    records,
    refused,
    townshift,
    written,
)

FIRST, SECOND, THIRD = "12345678900012", "12345678900020", "98765432100017"


@pytest.fixture
def study(tmp_path):
    return new_study(tmp_path / "study")


def stock(siret: str, **cells: str) -> dict[str, str]:
    return {
        "siren": siret[:9], "nic": siret[9:], "siret": siret, "dateCreationEtablissement": "1995-03-01",
        "numeroVoieEtablissement": "12", "typeVoieEtablissement": "RUE", "libelleVoieEtablissement": "DU TISSAGE",
        "codePostalEtablissement": "59100", "libelleCommuneEtablissement": "ROUBAIX",
        "codeCommuneEtablissement": "59512",
        "dateDebut": "2008-01-01", "etatAdministratifEtablissement": "A", "activitePrincipaleEtablissement": "14.13Z",
        **cells,
    }  # fmt: skip


def period(siret: str, start: str, end: str, state: str = "A", **cells: str) -> dict[str, str]:
    own = {"siren": siret[:9], "nic": siret[9:], "siret": siret, "dateDebut": start, "dateFin": end}
    return {**own, "etatAdministratifEtablissement": state, "activitePrincipaleEtablissement": "14.13Z", **cells}


def sirene(folder, **tables):
    """Files under the names that INSEE gives them."""
    folder.mkdir(exist_ok=True)
    headers = {"stock": STOCK, "history": HISTORY, "links": LINKS, "units": UNITS}
    names = {
        "stock": "StockEtablissement_utf8.csv", "history": "StockEtablissementHistorique_utf8.csv",
        "links": "StockEtablissementLiensSuccession_utf8.csv", "units": "StockUniteLegale_utf8.csv",
    }  # fmt: skip
    for kind, rows in tables.items():
        (folder / names[kind]).write_text(written(headers[kind], rows), "utf-8")
    return folder


def test_sirene_is_recognised_and_a_closed_establishment_ends_where_its_closure_begins(study, tmp_path):
    rows = [stock(FIRST), stock(SECOND, etatAdministratifEtablissement="F", dateDebut="2012-06-30")]
    said = imported(study, sirene(tmp_path / "in", stock=rows))
    assert "sirene" in said
    found = records(study)
    assert found[FIRST]["from"] == "1995-03-01"
    assert "to" not in found[FIRST]
    assert found[SECOND]["to"] == "2012-06-30"
    assert found[FIRST]["address"] == "12 RUE DU TISSAGE 59100 ROUBAIX"
    assert found[FIRST]["firm_id"] == "123456789"
    assert found[FIRST]["industry"] == "14.13Z"


def test_periods_that_follow_each_other_are_one_record_and_a_gap_parts_two(study, tmp_path):
    history = [
        period(FIRST, "2000-01-01", "2004-12-31", denominationUsuelleEtablissement="ANCIEN NOM"),
        period(FIRST, "2005-01-01", "2008-12-31", denominationUsuelleEtablissement="NOUVEAU NOM"),
        period(FIRST, "2009-01-01", "2010-12-31", "F"),
        period(FIRST, "2011-01-01", ""),
    ]
    imported(study, sirene(tmp_path / "in", history=history, stock=[stock(FIRST)]))
    found = records(study)
    assert len(found) == 2
    first = next(row for name, row in found.items() if name != FIRST)
    assert (first["from"], first["to"], first["name"]) == ("2000-01-01", "2009-01-01", "NOUVEAU NOM")
    assert found[FIRST]["from"] == "2011-01-01"
    assert "to" not in found[FIRST]
    assert found[FIRST]["address"] == first["address"] == "12 RUE DU TISSAGE 59100 ROUBAIX"
    report = json.loads((study / "out" / "import_report.json").read_text("utf-8"))
    assert report["folded"] == {"closed_period": 1, "joined_period": 1, "current_state": 1}
    assert report["accounted"] == report["rows_read"] == 5


def test_an_establishment_without_a_name_bears_that_of_its_legal_unit(study, tmp_path):
    units = [
        {"siren": FIRST[:9], "denominationUniteLegale": "TISSAGES DU NORD", "categorieJuridiqueUniteLegale": "5710"},
        {"siren": THIRD[:9], "nomUniteLegale": PERSONS[1], "categorieJuridiqueUniteLegale": "1000"},
    ]
    rows = [stock(FIRST), stock(SECOND, enseigne1Etablissement="AU FIL"), stock(THIRD)]
    imported(study, sirene(tmp_path / "in", stock=rows, units=units))
    found = records(study)
    assert [found[one]["name"] for one in (FIRST, SECOND, THIRD)] == ["TISSAGES DU NORD", "AU FIL", PERSONS[1]]
    assert [found[one]["kind"] for one in (FIRST, THIRD)] == ["firm", "sole_trader"]
    assert len(found) == 3


def test_succession_links_become_the_table_successions(study, tmp_path):
    links = [
        {
            "siretEtablissementPredecesseur": FIRST, "siretEtablissementSuccesseur": SECOND,
            "dateLienSuccession": "2008-01-01", "transfertSiege": "true", "continuiteEconomique": "false",
        },
        {"siretEtablissementPredecesseur": SECOND, "siretEtablissementSuccesseur": ""},
    ]  # fmt: skip
    folder = sirene(tmp_path / "in", stock=[stock(FIRST), stock(SECOND)], links=[links[0], links[0], links[1]])
    said = imported(study, folder)
    assert records(study, "successions") == {
        FIRST: {
            "predecessor_id": FIRST, "successor_id": SECOND, "date": "2008-01-01", "seat_transfer": 1,
            "economic_continuity": 0,
        }
    }  # fmt: skip
    assert "predecessor or successor missing: 1" in said
    report = json.loads((study / "out" / "import_report.json").read_text("utf-8"))
    assert report["accounted"] == report["rows_read"] == 5
    before = (study / "data" / "successions.parquet").read_bytes()
    imported(study, folder)
    assert (study / "data" / "successions.parquet").read_bytes() == before


def test_sirene_imported_file_by_file_and_again_is_the_same_study(study, tmp_path):
    history = [
        period(FIRST, "2000-01-01", "2004-12-31"),
        period(FIRST, "2006-01-01", ""),
        period(THIRD, "2001-01-01", ""),
    ]
    folder = sirene(tmp_path / "in", history=history, stock=[stock(FIRST), stock(SECOND), stock(THIRD)])
    imported(study, folder)
    before = (study / "data" / "firms.parquet").read_bytes()
    imported(study, folder)
    assert (study / "data" / "firms.parquet").read_bytes() == before


def test_companies_house_is_recognised_with_its_days_first_and_blanks_in_the_header(study, tmp_path):
    rows = [
        {
            "CompanyName": "NORTHERN KNITWEAR LIMITED", " CompanyNumber": "01234567",
            "RegAddress.AddressLine1": "Unit 4", " RegAddress.AddressLine2": "Mill Lane",
            "RegAddress.PostTown": "LEICESTER",
            "RegAddress.PostCode": "LE1 1AA", "CompanyCategory": "Private Limited Company", "CompanyStatus": "Active",
            "IncorporationDate": "03/04/1998", "SICCode.SicText_1": "14390 - Manufacture of other knitted apparel",
            "RegAddress.CareOf": PERSONS[2],
        },
        {
            " CompanyNumber": "SC123456", "CompanyName": "BORDERS CLOTH PLC", "IncorporationDate": "25/12/1970",
            "DissolutionDate": "01/02/2003", "CompanyStatus": "Dissolved", "CompanyCategory": "Public Limited Company",
        },
    ]  # fmt: skip
    (tmp_path / "BasicCompanyDataAsOneFile.csv").write_text(written(COMPANIES_HOUSE, rows), "utf-8")
    said = imported(study, tmp_path / "BasicCompanyDataAsOneFile.csv")
    assert "companies_house" in said
    assert "not used" not in said
    found = records(study)
    first = found["01234567"]
    assert (first["from"], first["industry"], first["kind"]) == ("1998-04-03", "14390", "firm")
    assert first["address"] == "Unit 4, Mill Lane, LEICESTER, LE1 1AA"
    assert found["SC123456"]["to"] == "2003-02-01"


OWN = """format = 1
registry = "other"
day_first = false
null_markers = ["(none)"]

[[table]]
into = "firms"
needs = ["name"]

[table.columns]
name = ["Trading as", "Legal name"]
from = "Opened"
address = { join = ["Street", "Town"], by = ", " }
scope = "Trade"

[kinds]
cooperative = ["co-op"]
"""


def test_a_map_of_ones_own_names_alternatives_joins_and_markers(study, tmp_path):
    header = ("Trading as", "Legal name", "Opened", "Street", "Town", "Trade", "Trde")
    rows = [
        {"Legal name": "Loom Inc", "Opened": "03/04/2010", "Street": "1 Mill", "Town": "Lowell", "Trade": "(none)"},
        {"Trading as": "The Loom", "Legal name": "Other Inc", "Town": "Lowell"},
    ]
    (tmp_path / "a.csv").write_text(written(header, rows, ";"), "utf-8")
    (tmp_path / "map.toml").write_text(OWN, "utf-8")
    said = imported(study, tmp_path / "a.csv", map=str(tmp_path / "map.toml"))
    found = {row["name"]: row for row in records(study).values()}
    assert found["Loom Inc"]["from"] == "2010-03-04"
    assert found["Loom Inc"]["address"] == "1 Mill, Lowell"
    assert "scope" not in found["Loom Inc"]
    assert found["The Loom"]["address"] == "Lowell"
    assert "Trde (nearest the map knows: Trade)" in said


def test_all_that_is_wrong_in_a_map_is_told_at_once(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    (tmp_path / "map.toml").write_text(OWN.replace("scope =", "scpe =").replace("cooperative", "coop"), "utf-8")
    said = refused(study, tmp_path / "a.csv", map=str(tmp_path / "map.toml"))
    assert said.count("TS-READ-004") == 2
    assert "scope" in said
    (tmp_path / "map.toml").write_text(OWN.replace("day_first", "day_frist"), "utf-8")
    assert "TS-READ-003" in refused(study, tmp_path / "a.csv", map=str(tmp_path / "map.toml"))
    assert "TS-READ-001" in refused(study, tmp_path / "a.csv", map="nowhere.toml")


def test_files_of_no_known_register_are_refused_and_the_guess_is_named(study, tmp_path):
    (tmp_path / "a.csv").write_text("a,b,c\n1,2,3\n")
    assert "--guess" in refused(study, tmp_path / "a.csv")
    assert "TS-READ-015" in refused(study, tmp_path / "a.csv", map="cn")


def test_a_guessed_map_says_what_it_is_unsure_of_and_can_be_used_as_it_is(study, tmp_path):
    header = ("Raison sociale", "Numéro", "Date de créaton", "Adresse", "zzz")
    rows = [
        {
            "Raison sociale": f"TISSAGE {number} SARL", "Numéro": f"1234567890{number:04d}",
            "Date de créaton": "2001-05-06",
            "Adresse": f"{number} rue du Port", "zzz": "a",
        }
        for number in range(30)
    ]  # fmt: skip
    (tmp_path / "a.csv").write_text(written(header, rows), "utf-8")
    status, said = townshift("import", "registry", tmp_path / "a.csv", "--into", study, "--guess")
    assert status == 0, said
    assert "from = Date de créaton: not sure" in said
    assert "zzz: no guess" in said
    guessed = tomllib.loads((study / "map.toml").read_text("utf-8"))
    assert guessed["table"][0]["columns"]["name"] == "Raison sociale"
    imported(study, tmp_path / "a.csv", map=str(study / "map.toml"))
    assert len(records(study)) == 30
    assert all(row["from"] == "2001-05-06" for row in records(study).values())
    status, said = townshift("import", "registry", tmp_path / "a.csv", "--into", study, "--guess")
    assert status == 1
    assert "TS-READ-018" in said


def test_a_guess_by_the_look_of_cells_finds_dates_and_numbers_under_strange_names(study, tmp_path):
    rows = [
        {"c1": f"某市{n}制衣厂", "c2": f"91330502MA2B{n:05d}X", "c3": "2001/5/6", "c4": f"某路{n}号"} for n in range(20)
    ]
    (tmp_path / "a.csv").write_text(written(("c1", "c2", "c3", "c4"), rows), "utf-8")
    townshift("import", "registry", tmp_path / "a.csv", "--into", study, "--guess")
    columns = tomllib.loads((study / "map.toml").read_text("utf-8"))["table"][0]["columns"]
    assert columns == {"registered_number": "c2", "from": "c3", "name": "c1", "address": "c4"}


def test_the_gazetteer_is_added_once_and_the_studys_own_places_stay(study):
    (study / "data").mkdir()
    (study / "data" / "places.csv").write_text("place_id,name,kind,lon,lat\ntown,Our town,town,120.1,30.2\n")
    status, said = townshift("import", "gazetteer", "china", "--into", study)
    assert status == 0, said
    assert "CC BY 4.0" in said
    lines = (study / "data" / "places.csv").read_text("utf-8").splitlines()
    assert any(line.startswith("town,Our town") and "120.1,30.2" in line for line in lines)
    assert len(lines) > 3_000
    townshift("import", "gazetteer", "china", "--into", study)
    assert (study / "data" / "places.csv").read_text("utf-8").splitlines() == lines
    status, said = townshift("import", "gazetteer", "atlantis", "--into", study)
    assert status == 1
    assert "TS-READ-023" in said
