"""nbgrader for this course: what it hands out, how it grades, and what it shows to students.

`configure` sets nbgrader up in a class folder. nbgrader keeps its own commands, formats and grade
book. Two things are done elsewhere: a submission is read by the course's own grader, which takes
anything for a submission, and its code runs in a sandbox and not in a kernel here.
"""
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    GetGrades,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade, is_solution

ROOT = Path(__file__).resolve().parents[2]
STUB = "// YOUR CODE HERE\nthrow new Error('not implemented');"


def graded(resources):
    """What the course's grader found out about a submission; it is asked if that is not known."""
    names = resources["nbgrader"]
    name, student = names["assignment"], names["student"]
    report = Path(".grades", name, student + ".json")
    files = [Path("submitted", student, name, name + ".ipynb"), Path("source", name, name + ".ipynb")]
    key = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    if not report.exists() or json.loads(report.read_text("utf8"))["key"] != key:
        command = ["node", str(ROOT / "tools/run.cjs"), "homework", "grade-one", name, student, "--class", os.getcwd()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text("utf8"))


class SubmissionExporter(NotebookExporter):
    """Reads a submission as the notebook that was handed out, with the student's answers in it."""

    def from_filename(self, filename, resources=None, **kw):
        if Path(filename).parts[0] == "autograded":
            return super().from_filename(filename, resources=resources, **kw)
        notebook = nbformat.reads(json.dumps(graded(resources)["notebook"]), as_version=4)
        return self.from_notebook_node(notebook, resources=resources, **kw)


class Grade(NbGraderPreprocessor):
    """Writes points and findings into the check cells, where nbgrader looks for them."""

    def preprocess(self, nb, resources):
        result = graded(resources)
        found = {exercise["checkId"]: exercise for exercise in result["exercises"]}
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = []
            if not is_grade(cell) or is_solution(cell):
                continue
            exercise = found.get(cell.metadata.nbgrader.grade_id)
            lines = exercise["lines"] if exercise else ["This was not graded."]
            points = float(exercise["points"]) if exercise else 0.0
            cell.execution_count = 1
            cell.outputs = [
                new_output("stream", name="stdout", text="\n".join(lines) + "\n"),
                new_output("execute_result", data={"text/plain": str(points)}, execution_count=1),
            ]
        if result["remarks"]:
            remarks = "\n".join("- " + re.sub(r"([^\w\s])", r"\\\1", text) for text in result["remarks"])
            nb.cells.insert(0, new_markdown_cell("**What the grader noticed**\n\n" + remarks))
        return nb, resources


class HideTests(NbGraderPreprocessor):
    """Leaves of the check cells, in feedback, what was looked at and whether it holds."""

    def preprocess(self, nb, resources):
        found = {exercise["checkId"]: exercise for exercise in graded(resources)["exercises"]}
        for cell in nb.cells:
            exercise = found.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if exercise:
                cell.source = "// What was looked at, and what was found:"
                text = "\n".join(exercise["feedback"]) + "\n"
                cell.outputs = [new_output("stream", name="stdout", text=text)]
        return nb, resources


def configure(c):
    c.CourseDirectory.root = os.getcwd()
    c.Exchange.root = os.path.join(os.getcwd(), "exchange")
    c.ClearSolutions.code_stub = {"typescript": STUB}
    c.Autograde.exporter_class = SubmissionExporter
    c.Autograde.autograde_preprocessors = [
        Grade,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]
    c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^/]+)/(?P<file_id>[^/]+)$"
