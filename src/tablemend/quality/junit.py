"""Findings as JUnit XML, which every CI system can show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from tablemend.records import Finding, Record

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


class Suite(Record, frozen=True, kw_only=True):
    """The findings of one table."""

    name: str  # of the table
    findings: Sequence[Finding]
    problem: str = ""  # why the table could not be checked


def junit(findings: Sequence[Finding], *, name: str) -> str:
    """One test case a finding: failed checks are failures, checks that could not be evaluated are errors."""
    return _text(_suite(Suite(name=name, findings=findings)))


def suites(found: Sequence[Suite]) -> str:
    """Several tables, each as `junit` has one; a table that could not be checked is an error."""
    root = Xml.Element("testsuites")
    root.extend(_suite(each) for each in found)
    return _text(root)


def _text(root: Xml.Element) -> str:
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode")


def _suite(found: Suite) -> Xml.Element:
    findings, name = found.findings, found.name
    errors = sum(each.status == "error" for each in findings) + bool(found.problem)
    cases = len(findings) + bool(found.problem)
    suite = Xml.Element(
        "testsuite",
        name=_clean(name),
        tests=str(max(cases, 1)),
        failures=str(cases - errors),
        errors=str(errors),
    )
    if not cases:
        Xml.SubElement(suite, "testcase", classname=_clean(name), name="no findings")
    if found.problem:
        case = Xml.SubElement(suite, "testcase", classname=_clean(name), name="the table is checked")
        Xml.SubElement(case, "error", message=_clean(found.problem), type="table")
    for finding in findings:
        _case(suite, finding, name)
    return suite


def _case(suite: Xml.Element, finding: Finding, name: str) -> None:
    where = ", ".join(finding.columns) or "rows"
    case = Xml.SubElement(suite, "testcase", classname=_clean(name), name=_clean(f"{finding.check}: {where}"))
    kind = "error" if finding.status == "error" else "failure"
    message = f"{finding.severity}: {finding.rows} rows: {finding.message}"
    Xml.SubElement(case, kind, message=_clean(message), type=finding.check).text = _clean(finding.sql)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
