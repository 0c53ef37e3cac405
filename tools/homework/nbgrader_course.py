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
from nbgrader.api import MissingEntry
from nbgrader.plugins import CsvExportPlugin
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


class SaveGrades(SaveAutoGrades):
    """Asks for another look at points given by hand only if there is another submission."""

    def _add_score(self, cell, resources):
        grade = self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        needed = grade.needs_manual_grade
        super()._add_score(cell, resources)
        if graded(resources).get("booked"):
            grade.needs_manual_grade = needed
            self.gradebook.db.commit()


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


class Book(CsvExportPlugin):
    """To a file of JSON, the grade book with the points of each check: given by hand, or else found."""

    def export(self, gradebook):
        if not self.to.endswith(".json"):
            return super().export(gradebook)
        entries, due = [], {}
        for assignment in gradebook.assignments:
            if assignment.duedate:
                due[assignment.name] = assignment.duedate.isoformat() + "Z"
            for student in gradebook.students:
                entries.append(self.entry(gradebook, assignment, student))
        Path(self.to).write_text(json.dumps({"entries": entries, "due": due}), "utf8")

    def entry(self, gradebook, assignment, student):
        entry = {
            "assignment": assignment.name,
            "student": student.id,
            "first": student.first_name or "",
            "last": student.last_name or "",
            "email": student.email or "",
            "of": assignment.max_score,
        }
        try:
            submission = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            nothing = {"timestamp": "", "raw": 0, "penalty": 0, "score": 0, "points": {}}
            return {**entry, "submitted": False, **nothing}
        penalty = submission.late_submission_penalty or 0
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {
            **entry,
            "submitted": True,
            "timestamp": submission.timestamp.isoformat() + "Z" if submission.timestamp else "",
            "raw": submission.score,
            "penalty": penalty,
            "score": max(0, submission.score - penalty),
            "points": {grade.name: grade.score for grade in grades},
        }


def configure(c):
    c.CourseDirectory.root = os.getcwd()
    c.Exchange.root = os.path.join(os.getcwd(), "exchange")
    c.ClearSolutions.code_stub = {"typescript": STUB}
    c.ExportApp.plugin_class = Book
    c.Autograde.exporter_class = SubmissionExporter
    c.Autograde.autograde_preprocessors = [
        Grade,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]
