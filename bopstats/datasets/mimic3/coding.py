"""Groups of ethnicity, and chapters of ICD-9-CM."""

from __future__ import annotations

ETHNICITIES = ("White", "Black", "Hispanic", "Asian", "Other/Unknown")

# First and last three-digit code of each chapter; V and E codes are chapters of their own.
CHAPTERS = {
    "infectious": (1, 139),
    "neoplasms": (140, 239),
    "endocrine": (240, 279),
    "blood": (280, 289),
    "mental": (290, 319),
    "nervous": (320, 389),
    "circulatory": (390, 459),
    "respiratory": (460, 519),
    "digestive": (520, 579),
    "genitourinary": (580, 629),
    "pregnancy": (630, 679),
    "skin": (680, 709),
    "musculoskeletal": (710, 739),
    "congenital": (740, 759),
    "perinatal": (760, 779),
    "ill_defined": (780, 799),
    "injury": (800, 999),
    "supplementary": "V",
    "external": "E",
}


def ethnicity_sql(column: str) -> str:
    """Return SQL for the group of a recorded ethnicity, read from its first word."""
    first = " ".join(
        f"WHEN upper({column}) LIKE '{group.upper()}%' THEN '{group}'" for group in ETHNICITIES[:-1]
    )
    return f"CASE {first} ELSE '{ETHNICITIES[-1]}' END"


def chapter_sql(column: str) -> str:
    """Return SQL for the chapter of an ICD-9-CM code written without its point; else null."""
    cases = []
    for chapter, codes in CHAPTERS.items():
        if isinstance(codes, str):
            cases.append(f"WHEN upper({column}) LIKE '{codes}%' THEN '{chapter}'")
        else:
            number = f"try_cast({column}[1:3] AS INTEGER)"
            cases.append(f"WHEN {number} BETWEEN {codes[0]} AND {codes[1]} THEN '{chapter}'")
    return f"CASE {' '.join(cases)} END"
