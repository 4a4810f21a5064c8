#!/usr/bin/env python3
"""Decision tables of UpGrade 6.5.0 from JSON to CSV, a file for each table: ./tables.py FILE.json ..."""
import csv
import json
import pathlib
import sys


def cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    return value


here = pathlib.Path(__file__).parent
for path in map(pathlib.Path, sys.argv[1:]):
    for table, cases in json.loads(path.read_text()).items():
        if table == "legend":
            continue
        # The visit is written always and no case is an error, so neither tells anything.
        columns = [c for c in cases[0] if c not in ("visit_row", "error")]
        assert all(case.get("error") is None for case in cases)
        with open(here / f"{path.stem}_{table}.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([cell(case[c]) for c in columns] for case in cases)
