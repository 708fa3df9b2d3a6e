"""Findings as JUnit XML, which every CI system can show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from tablemend.records import Finding

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def junit(findings: Sequence[Finding], *, name: str) -> str:
    """One test case a finding: failed checks are failures, checks that could not be evaluated are errors."""
    errors = sum(each.status == "error" for each in findings)
    suite = Xml.Element(
        "testsuite",
        name=_clean(name),
        tests=str(max(len(findings), 1)),
        failures=str(len(findings) - errors),
        errors=str(errors),
    )
    if not findings:
        Xml.SubElement(suite, "testcase", classname=_clean(name), name="no findings")
    for finding in findings:
        _case(suite, finding, name)
    Xml.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suite, encoding="unicode")


def _case(suite: Xml.Element, finding: Finding, name: str) -> None:
    where = ", ".join(finding.columns) or "rows"
    case = Xml.SubElement(suite, "testcase", classname=_clean(name), name=_clean(f"{finding.check}: {where}"))
    kind = "error" if finding.status == "error" else "failure"
    message = f"{finding.severity}: {finding.rows} rows: {finding.message}"
    Xml.SubElement(case, kind, message=_clean(message), type=finding.check).text = _clean(finding.sql)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
