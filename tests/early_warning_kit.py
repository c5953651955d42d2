"""Eight learners of a small OULAD, and what a policy of one signal says of them week by week."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from bench.early_warning import learner_weeks
from bench.early_warning_outcomes import module_days
from bench.early_warning_weeks import Week
from learning.policy import Policies, parse_policy

POLICY = """
version = "silence-only"
in_force = 2000-01-01
hold_days = 1
excused_days = 0

[levels]
watch = 1
at-risk = 2
critical = 3

[signals]
silent = [{ from = 0, points = 2 }]
"""
SILENCE_ONLY = Policies((parse_policy(POLICY, "test.toml"),))
FILES = {
    "courses.csv": """code_module,code_presentation,module_presentation_length
AAA,2013J,70
BBB,2014B,70
""",
    "assessments.csv": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,101,TMA,10,30
AAA,2013J,102,TMA,30,30
AAA,2013J,103,TMA,50,40
BBB,2014B,201,TMA,10,100
""",
    "studentRegistration.csv": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,1,-20,
AAA,2013J,2,-20,40
AAA,2013J,3,-20,60
AAA,2013J,4,-20,
AAA,2013J,5,20,
AAA,2013J,6,-20,14
AAA,2013J,7,14,21
AAA,2013J,8,,
BBB,2014B,1,-20,
""",
    "studentAssessment.csv": """id_assessment,id_student,date_submitted,is_banked,score
101,1,9,0,70
102,1,29,0,70
103,1,49,0,70
101,3,9,0,70
102,5,29,0,70
103,5,49,0,70
""",
    "studentInfo.csv": """code_module,code_presentation,id_student,gender,age_band,imd_band,disability,final_result
AAA,2013J,1,F,0-35,0-10%,N,Pass
AAA,2013J,2,F,0-35,10-20,N,Withdrawn
AAA,2013J,3,M,35-55,?,Y,Withdrawn
AAA,2013J,4,F,0-35,0-10%,N,Fail
AAA,2013J,5,M,35-55,10-20,N,Pass
AAA,2013J,6,M,0-35,0-10%,Y,Withdrawn
AAA,2013J,7,F,0-35,,N,Withdrawn
AAA,2013J,8,M,55<=,0-10%,N,Withdrawn
BBB,2014B,1,F,0-35,0-10%,N,Pass
""",
}
"""Weeks are looked at on the days 14, 21 ... 70. By what is due and done, silence holds for

learner 1 never (all done); 2 on days 14 to 35, then gone; 3 from day 35 to 56, then gone; 4 and 8 from day 14 on; 5
never (what was due before joining is not asked); 6 is gone on day 14 and is in no week; 7 is in one week, on the very
day of registration.
"""


def written(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def edited(edit: Callable[[str, dict[str, str]], dict[str, str] | None]) -> dict[str, str]:
    """The files with every row edited, or left out where the answer is None."""
    files = {}
    for name, text in FILES.items():
        reader = csv.DictReader(io.StringIO(text))
        out = io.StringIO()
        writer = csv.DictWriter(out, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for each in reader if (row := edit(name, each)) is not None)
        files[name] = out.getvalue()
    return files


def weeks_of(folder: Path, presentation: str = "2013J") -> dict[int, dict[int, Week]]:
    """By learner and day, what was said."""
    learners = learner_weeks(folder, presentation, SILENCE_ONLY, module_days(folder, presentation))
    return {each.student: {week.day: week for week in each.weeks} for each in learners}
