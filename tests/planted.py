"""Tokens in every identifying field of every source's files, and a search for them in whatever was written.

The tokens stand where persons are named: in the columns that are replaced on entry, in the elements and keys of
messages that are not read, in records that can't be read, in files without a header and in headers that are none.
"""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.core.catalog import SourceFolder, sources

MARK = "ZQXJTOKEN"  # every token begins so; no file of the simulator has it
FREE = "FREEZQXJTEXT"  # in narratives, which stay: what proves that the search finds things
OTHER_NAMES = {"num_enq": "ben_nir_psa", "caseid": "case_id"}
_numbers = itertools.count()


def token() -> str:
    """Return another token."""
    return f"{MARK}{next(_numbers):05d}"


def plant(landing: Path) -> list[SourceFolder]:
    """Plant tokens in a simulated landing zone, of each table in its first file; returns the sources they stand in."""
    planted = {"e2b": _e2b, "gl42": _gl42, "openfda": _openfda}
    for source in sources().values():
        for table in source.tables:
            files = sorted(p for p in landing.rglob("*") if p.is_file() and table.files.owns(_path(p, landing)))
            if source.name in planted:
                _edited(files, planted[source.name])
            elif table.pseudonymised():
                _in_columns(files[0], table.pseudonymised())
                _without_header(files[0])
                for file in files[1:]:
                    file.unlink()
    (landing / "e2b" / "r2.xml").write_bytes(_r2())
    kept = [s for s in sources().values() if s.name in planted or any(t.pseudonymised() for t in s.tables)]
    return kept


def _path(file: Path, landing: Path) -> str:
    return str(file.relative_to(landing))


def _edited(files: list[Path], edit: Callable[[str], str]) -> None:
    """Edit the first file, take the others away."""
    for file in files[1:]:
        file.unlink()
    for file in files[:1]:
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                members = {name: edit(archive.read(name).decode()) for name in archive.namelist()}
            with zipfile.ZipFile(file, "w") as archive:
                for name, text in members.items():
                    archive.writestr(name, text)
        elif file.suffix != ".txt":
            file.write_text(edit(file.read_text()))


def _in_columns(file: Path, columns: list[str]) -> None:
    """Put a token into the identifying columns of every other row, and into rows of too many fields."""
    text = file.read_text(encoding="cp1252")
    mark = max(";,|\t$", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))[:60]
    names = [OTHER_NAMES.get(n.strip().lower(), n.strip().lower()) for n in rows[0]]
    places = [names.index(c) for c in columns if c in names]
    assert places, f"{file} has none of {columns}"
    for row in rows[1::2]:
        for place in places:
            row[place] = token()
    if "narrative" in names:
        rows[1][names.index("narrative")] = FREE
    broken = [token()] * (len(names) + 3)
    _write(file, [*rows, broken], mark)


def _without_header(file: Path) -> None:
    """Lay beside a file one that begins with a record, and one whose header names nothing."""
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="cp1252"), newline=""), delimiter=_mark(file)))
    _write(file.with_name(f"no_header_{file.name}"), [[token() for _ in rows[0]], *rows[2:9:2]], _mark(file))
    _write(file.with_name(f"other_{file.name}"), [[token(), *rows[0][1:2]], rows[1][:2]], _mark(file))


def _mark(file: Path) -> str:
    return max(";,|\t$", key=file.read_text(encoding="cp1252").split("\n", 1)[0].count)


def _write(file: Path, rows: list[list[str]], mark: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows(rows)
    file.write_text(out.getvalue(), encoding="cp1252")


def _person() -> str:
    return (
        f"<assignedPerson><name><prefix>{token()}</prefix><given>{token()}</given><family>{token()}</family></name>"
        f'<telecom value="tel:{token()}"/><telecom value="mailto:{token()}@x.fr"/>'
    )


def _e2b(text: str) -> str:
    text = re.sub(
        r'<player1><name nullFlavor="MSK"/>', lambda _: f"<player1><name>{token()}</name>{_numbers_of_records()}", text
    )
    text = re.sub("<assignedPerson>", lambda _: _person(), text)
    text = re.sub(r"<text>A person", lambda _: f"<text>{FREE} A person", text)
    return text.replace('<id extension="broken"', f'<name>{token()}</name><id extension="broken"')


def _numbers_of_records() -> str:
    return f'<asIdentifiedEntity classCode="IDENT"><id extension="{token()}" root="x"/></asIdentifiedEntity>'


def _gl42(text: str) -> str:
    text = re.sub(
        r"<assignedEntity>(.*?)</assignedEntity>",
        lambda m: (
            f'<assignedEntity><telecom value="tel:{token()}"/>{_person()}</assignedPerson>{m[1]}</assignedEntity>'
        ),
        text,
    )
    return re.sub(r"<text>After", lambda _: f"<text>{FREE} After", text)


def _openfda(text: str) -> str:
    told = json.loads(text)
    for record in told["results"]:
        record["patient"] = dict(record.get("patient") or {}) | {
            "patientinitial": token(),
            "patientgpmedicalrecordnumb": token(),
        }
        record["primarysource"] = dict(record.get("primarysource") or {}) | {"reporterfamilyname": token()}
        record["owner"] = {"name": token(), "telephone": token()}
    return json.dumps(told)[:-1] + f', {{"broken": "{token()}"'


def _r2() -> bytes:
    report = (
        "<safetyreport><safetyreportversion>1</safetyreportversion><safetyreportid>FR-A-{n}</safetyreportid>"
        "<primarysourcecountry>FR</primarysourcecountry><occurcountry>FR</occurcountry>"
        "<transmissiondateformat>102</transmissiondateformat><transmissiondate>20120701</transmissiondate>"
        "<reporttype>1</reporttype><serious>2</serious><receivedateformat>102</receivedateformat>"
        "<receivedate>20120630</receivedate><receiptdateformat>102</receiptdateformat><receiptdate>20120630"
        "</receiptdate><primarysource><reportertitle>{t}1</reportertitle><reportergivename>{t}2</reportergivename>"
        "<reporterfamilyname>{t}3</reporterfamilyname><reporterstreet>{t}4</reporterstreet><qualification>1"
        "</qualification></primarysource><sender><sendertype>1</sendertype><senderorganization>A</senderorganization>"
        "<senderfamilyname>{t}5</senderfamilyname><sendertel>{t}6</sendertel><senderemailaddress>{t}7"
        "</senderemailaddress></sender><patient><patientinitial>{t}8</patientinitial><patientgpmedicalrecordnumb>{t}9"
        "</patientgpmedicalrecordnumb><patientbirthdateformat>102</patientbirthdateformat><patientbirthdate>19500101"
        "</patientbirthdate><patientsex>2</patientsex><reaction><primarysourcereaction>Rash</primarysourcereaction>"
        "<reactionmeddraversionllt>15.0</reactionmeddraversionllt><reactionmeddrallt>10037844</reactionmeddrallt>"
        "</reaction><drug><drugcharacterization>1</drugcharacterization><medicinalproduct>GUBAGEN</medicinalproduct>"
        "</drug><summary><narrativeincludeclinical>{free}</narrativeincludeclinical></summary></patient>"
    )
    whole = "".join(report.format(n=n, t=token(), free=FREE) + "</safetyreport>" for n in range(3))
    head = "<ichicsrmessageheader><messagesenderidentifier>A</messagesenderidentifier></ichicsrmessageheader>"
    cut = report.format(n=9, t=token(), free="")
    return f'<?xml version="1.0"?><ichicsr lang="en">{head}{whole}{cut}</ichicsr>'.encode()


def holding(folders: list[Path], mark: str) -> list[str]:
    """Files that hold a mark: in their bytes, in Parquet's values once unpacked, plain or in a common encoding."""
    files = [p for folder in folders for p in ([folder] if folder.is_file() else folder.rglob("*")) if p.is_file()]
    return [str(p) for p in files if any(is_in(data, mark) for data in _contents(p))]


def is_in(data: bytes, mark: str) -> bool:
    """Tell whether bytes hold a mark in UTF-8, UTF-16, hexadecimal or base64, in whatever case."""
    shifted = [base64.b64encode(b"\0" * n + mark.encode()).decode()[n + 1 : -4].encode() for n in range(3)]
    lower = data.lower()
    plain = [mark.encode(), mark.encode("utf-16-le"), mark.encode("utf-16-be"), mark.encode().hex().encode()]
    return any(needle.lower() in lower for needle in plain) or any(needle in data for needle in shifted)


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield str(pq.read_table(path, partitioning=None).to_pylist()).encode()
