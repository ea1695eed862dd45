import os
import shutil
import signal

import pytest

from townshift.errors import StudyError
from townshift.study import check_study, open_study


def refused(path):
    with pytest.raises(StudyError) as caught:
        open_study(path)
    return [(one.code, one.where) for one in caught.value.problems]


def test_a_sound_study_opens_with_its_tables_in_order(folder):
    study = open_study(folder)
    assert study.table_names == ["places", "sources", "indicators", "facts", "events"]
    assert study.focus.place_id == "alder"
    assert study.warnings == ()
    assert study.claims_file is None
    assert not (folder / "out" / "tables").exists()


def test_a_missing_folder_a_file_and_an_empty_folder_are_three_errors(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "nowhere") == [("TS-STUDY-001", "")]
    assert refused(folder / "study.toml") == [("TS-STUDY-002", "")]
    assert refused(tmp_path / "empty") == [("TS-STUDY-003", "")]


def test_a_study_without_tables_places_or_anything_but_places_has_nothing_to_study(folder, study_with):
    shutil.rmtree(folder / "data")
    assert refused(folder) == [("TS-STUDY-009", "data")]
    assert refused(study_with(places=None)) == [("TS-STUDY-010", "data")]
    alone = dict.fromkeys(("sources", "indicators", "facts", "events"))
    assert refused(study_with(**alone)) == [("TS-STUDY-014", "data")]


def test_links_that_leave_the_study_are_refused(folder, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("event_id\n")
    (folder / "data" / "events.csv").unlink()
    (folder / "data" / "events.csv").symlink_to(outside)
    assert refused(folder) == [("TS-STUDY-011", "data/events.csv")]


def test_a_linked_data_folder_or_manifest_is_refused_too(folder, study_with, tmp_path):
    shutil.move(folder / "data", tmp_path / "elsewhere")
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    assert refused(folder) == [("TS-STUDY-011", "data")]
    other = study_with()
    shutil.move(other / "study.toml", tmp_path / "m.toml")
    (other / "study.toml").symlink_to(tmp_path / "m.toml")
    assert refused(other) == [("TS-STUDY-011", "study.toml")]


def test_a_link_inside_the_study_is_followed(folder):
    (folder / "raw").mkdir()
    shutil.move(folder / "data" / "events.csv", folder / "raw" / "e.csv")
    (folder / "data" / "events.csv").symlink_to(folder / "raw" / "e.csv")
    assert "events" in open_study(folder).tables


def test_a_dangling_link_and_a_folder_named_like_a_table_are_refused(folder):
    (folder / "data" / "flows.csv").symlink_to(folder / "nothing.csv")
    (folder / "data" / "land.csv").mkdir()
    assert refused(folder) == [("TS-STUDY-018", "data/flows.csv"), ("TS-STUDY-018", "data/land.csv")]


def test_one_table_in_two_formats_is_refused(folder):
    (folder / "data" / "facts.parquet").write_bytes(b"x")
    assert refused(folder) == [("TS-STUDY-012", "data/facts.parquet")]


def test_files_that_are_no_table_are_named_with_the_nearest_table(folder):
    (folder / "data" / "event.csv").write_text("a\n")
    (folder / "data" / "notes.xlsx").write_bytes(b"x")
    (folder / "data" / ".DS_Store").write_bytes(b"x")
    found = {one.code: str(one) for one in open_study(folder).warnings}
    assert set(found) == {"TS-STUDY-013", "TS-STUDY-015"}
    assert "events" in found["TS-STUDY-013"]


@pytest.mark.parametrize(
    ("encode", "name"),
    [
        (lambda text: text.encode("utf-8"), "utf-8"),
        (lambda text: text.encode("utf-8-sig"), "utf-8-sig"),
        (lambda text: text.encode("gb18030"), "gb18030"),
        (lambda text: text.encode("utf-16"), "utf-16"),
    ],
)
def test_the_encoding_of_a_table_is_recognised(folder, encode, name):
    path = folder / "data" / "places.csv"
    path.write_bytes(encode(path.read_text(encoding="utf-8").replace("Alder Town", "赤杨镇")))
    assert open_study(folder).tables["places"].encoding == name


def test_utf8_with_one_broken_byte_is_not_taken_for_another_encoding(folder):
    path = folder / "data" / "places.csv"
    content = path.read_text(encoding="utf-8").replace("Alder Town", "赤杨镇的童装产业集群").encode()
    path.write_bytes(content.replace("童".encode(), "童".encode()[:2]))
    file = open_study(folder).tables["places"]
    assert (file.encoding, file.plain) == ("utf-8", False)
    assert "TS-DATA-023" in {one.code for one in check_study(folder).problems}


def test_a_changed_byte_changes_the_fingerprint_even_if_size_and_time_stay(folder):
    path = folder / "data" / "facts.csv"
    before = open_study(folder).tables["facts"].sha256
    stat = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("410", "411"), encoding="utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert open_study(folder).tables["facts"].sha256 != before


def test_a_settled_file_is_not_read_again(folder, monkeypatch):
    from townshift.study import files

    monkeypatch.setattr(files, "SETTLED_NS", 0)
    first = open_study(folder).tables
    monkeypatch.setattr(files, "fingerprint", lambda *_: pytest.fail("read again"))
    assert open_study(folder).tables == first


def test_a_damaged_index_of_fingerprints_only_costs_time(folder):
    (folder / "out" / "cache").mkdir(parents=True)
    (folder / "out" / "cache" / "hashes.json").write_text("[]")
    assert open_study(folder).tables["facts"].sha256


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_table_that_may_not_be_read_is_an_error(folder):
    (folder / "data" / "facts.csv").chmod(0)
    assert refused(folder) == [("TS-STUDY-016", "data/facts.csv")]


def test_the_salt_is_made_once_kept_private_and_a_broken_one_is_refused(folder):
    study = open_study(folder)
    salt = study.salt
    assert len(salt) == 32
    assert open_study(folder).salt == salt
    (folder / "private" / "salt").write_text("not hexadecimal")
    with pytest.raises(StudyError, match="TS-STUDY-023"):
        _ = study.salt


def test_loaded_tables_with_personal_columns_lie_in_private(study_with):
    study = open_study(study_with(actors="actor_id,name,actor_group\nA1,Planted Name,government\n"))
    path = study.load_table("actors")
    assert path.is_relative_to(study.private)
    assert b"Planted Name" in path.read_bytes()
    kept = [one for one in study.out.rglob("*") if one.is_file() and b"Planted Name" in one.read_bytes()]
    assert kept == []


@pytest.mark.parametrize("name", ["out", "out/results", "out/run.lock"])
def test_a_link_that_leads_out_of_what_a_run_may_remove_is_refused_and_what_lies_there_stays(folder, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.parquet").write_text("precious")
    link = folder / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere / "precious.parquet" if name.endswith("lock") else elsewhere)
    with pytest.raises(StudyError, match=f"{name} leads out of the study.*\\n.*TS-STUDY-021"):
        open_study(folder)
    assert (elsewhere / "precious.parquet").read_text() == "precious"


def test_a_link_inside_out_is_left_alone(folder):
    (folder / "out" / "cache").mkdir(parents=True)
    (folder / "out" / "latest").symlink_to("cache")
    assert open_study(folder).tables


@pytest.mark.parametrize("name", ["study.toml", "claims.toml", "data/facts.csv"])
@pytest.mark.parametrize("kind", ["nowhere", "itself", "folder", "pipe"])
def test_what_is_no_ordinary_file_is_refused_at_once_wherever_a_file_is_read(folder, name, kind):
    path = folder / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("nothing_here" if kind == "nowhere" else path.name)
    signal.alarm(20)  # reading a pipe would wait for ever
    try:
        with pytest.raises(StudyError, match=r"TS-STUDY-018|TS-STUDY-016") as told:
            open_study(folder)
    finally:
        signal.alarm(0)
    assert name in str(told.value)


def test_the_manifest_the_folder_and_the_claims_are_told_at_once(folder):
    manifest = folder / "study.toml"
    manifest.write_text(manifest.read_text().replace("title", "tilte"))
    (folder / "claims.toml").mkdir()
    (folder / "data" / "facts.csv").unlink()
    (folder / "data" / "facts.csv").symlink_to("/etc/hostname")
    with pytest.raises(StudyError) as told:
        open_study(folder)
    assert {one.code for one in told.value.problems} == {
        "TS-STUDY-006",
        "TS-STUDY-007",
        "TS-STUDY-011",
        "TS-STUDY-018",
    }
