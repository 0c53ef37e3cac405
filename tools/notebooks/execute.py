"""Executes a notebook from top to bottom and writes the executed copy.

    execute.py SOURCE RESULT [--kernel NAME]

The source is never touched. Where a cell fails, or writes to stderr, nothing is written, and one
JSON object says which cell it was: {"cell", "source", "error"}. Exit code 1.
"""
import argparse
import json
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

SECONDS_PER_CELL = 600


def problem_of(cell):
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return "\n".join([f"{output.ename}: {output.evalue}", *output.traceback])
        if output.output_type == "stream" and output.name == "stderr":
            return f"the cell wrote to stderr:\n{output.text}"
    return None


def fail(index, cell, error):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", error)
    print(json.dumps({"cell": index + 1, "source": cell.source, "error": plain}))
    sys.exit(1)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("source", type=Path)
    arguments.add_argument("result", type=Path)
    arguments.add_argument("--kernel", default="tslab")
    options = arguments.parse_args()

    notebook = nbformat.read(options.source, as_version=4)
    started = []
    client = NotebookClient(
        notebook,
        on_cell_execute=lambda cell, cell_index: started.append((cell_index, cell)),
        timeout=SECONDS_PER_CELL,
        kernel_name=options.kernel,
        resources={"metadata": {"path": str(options.source.resolve().parent)}},
    )
    failure = None
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failure = str(error)
    for index, cell in started:
        problem = problem_of(cell)
        if problem:
            fail(index, cell, problem)
    if failure:
        fail(*started[-1], failure)
    for _, cell in started:
        cell.metadata.pop("execution", None)  # when it ran: different every time
    nbformat.write(notebook, options.result)


main()
