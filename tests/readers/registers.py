"""Extracts of registers as their publishers write them, made by hand; nobody in them exists."""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from townshift.cli import app

STUDY = """format = 1
[study]
title = "A town"
place = "town"
industry = "clothes"
period = [1990, 2024]
"""

PERSONS = ("诸葛试名", "Persona Plantée", "Planted Personne", "上官样本", "13800000001", "欧阳虚构")
"""Names and a phone number that must stay in the tables."""

CHINESE = (
    "企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表", "注册资金", "经营范围", "所在省份", "所在城市",
    "注册地址",
)  # fmt: skip

COMPANIES_HOUSE = (
    "CompanyName", " CompanyNumber", "RegAddress.CareOf", "RegAddress.POBox", "RegAddress.AddressLine1",
    " RegAddress.AddressLine2", "RegAddress.PostTown", "RegAddress.County", "RegAddress.Country", "RegAddress.PostCode",
    "CompanyCategory", "CompanyStatus", "CountryOfOrigin", "DissolutionDate", "IncorporationDate",
    "Accounts.AccountRefDay", "SICCode.SicText_1", "SICCode.SicText_2", "URI", "PreviousName_1.CONDATE",
    " PreviousName_1.CompanyName",
)  # fmt: skip

STOCK = (
    "siren", "nic", "siret", "dateCreationEtablissement", "trancheEffectifsEtablissement", "etablissementSiege",
    "numeroVoieEtablissement", "typeVoieEtablissement", "libelleVoieEtablissement", "codePostalEtablissement",
    "libelleCommuneEtablissement", "codeCommuneEtablissement", "dateDebut", "etatAdministratifEtablissement",
    "enseigne1Etablissement", "denominationUsuelleEtablissement", "activitePrincipaleEtablissement",
)  # fmt: skip

HISTORY = (
    "siren", "nic", "siret", "dateFin", "dateDebut", "etatAdministratifEtablissement",
    "changementEtatAdministratifEtablissement", "enseigne1Etablissement", "denominationUsuelleEtablissement",
    "activitePrincipaleEtablissement",
)  # fmt: skip

UNITS = ("siren", "denominationUniteLegale", "nomUniteLegale", "categorieJuridiqueUniteLegale")

LINKS = (
    "siretEtablissementPredecesseur", "siretEtablissementSuccesseur", "dateLienSuccession", "transfertSiege",
    "continuiteEconomique", "dateDernierTraitementLienSuccession",
)  # fmt: skip


def code(number: int) -> str:
    """A code of the right length; its check digit is not minded when it is read."""
    return f"91330502MA2B{number:05d}X"


def firm(number: int, **cells: str) -> dict[str, str]:
    """One row of a Chinese extract."""
    return {
        "企业名称": f"某市第{number}制衣有限公司", "统一社会信用代码": code(number), "注册日期": "2010-05-01",
        "企业类型": "有限责任公司", "法人代表": PERSONS[0], "注册资金": "100万元人民币", "经营范围": "服装制造",
        "所在省份": "某省", "所在城市": "某市", "注册地址": f"某路{number}号", **cells,
    }  # fmt: skip


def written(header: tuple[str, ...], rows: list[dict[str, str]], delimiter: str = ",") -> str:
    """A table as text, with a header."""
    shown = io.StringIO()
    writer = csv.DictWriter(shown, header, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return shown.getvalue()


def chinese(*rows: dict[str, str]) -> str:
    return written(CHINESE, list(rows))


def new_study(folder: Path) -> Path:
    """The least that an import can write into."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY, "utf-8")
    return folder


def townshift(*arguments: object) -> tuple[int, str]:
    """The command line in this process: exit status, and all that it printed."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    return done.exit_code, done.output


def imported(study: Path, *files: Path, **options: str) -> str:
    """What `townshift import registry` says, which must go well."""
    more = [part for name, value in options.items() for part in (f"--{name}", value)]
    status, said = townshift("import", "registry", *files, "--into", study, *more)
    assert status == 0, said
    return said


def refused(study: Path, *files: Path, **options: str) -> str:
    more = [part for name, value in options.items() for part in (f"--{name}", value)]
    status, said = townshift("import", "registry", *files, "--into", study, *more)
    assert status == 1, said
    assert "Traceback" not in said
    assert not (study / "data" / "firms.parquet").exists()
    return said


def records(study: Path, table: str = "firms") -> dict[str, dict[str, object]]:
    """The rows of a table by their id, empty cells left out."""
    rows = pq.read_table(study / "data" / f"{table}.parquet").to_pylist()
    key = "record_id" if table == "firms" else "predecessor_id"
    return {row[key]: {name: value for name, value in row.items() if value is not None} for row in rows}


def quarantined(study: Path) -> list[dict[str, str]]:
    path = study / "out" / "quarantine" / "import_firms.csv"
    if not path.is_file():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
