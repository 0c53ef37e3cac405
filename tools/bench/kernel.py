"""Times the kernel as a learner meets it, and prints one JSON object.

    kernel.py NOTEBOOK

startToHeatmap: seconds from starting the kernel to the first heatmap; importSource: seconds of the
cell that imports `attention`; memory: megabytes of the kernel process after the whole notebook.
"""
import json
import statistics
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

IMPORT = "import { heatmap, show, tf } from 'attention';"
HEATMAP = "show(heatmap(tf.eye(3), { title: 'Identity' }));"


def seconds(client, code):
    start = time.perf_counter()
    shown = []
    reply = client.execute_interactive(code, output_hook=lambda message: shown.append(message))
    assert reply["content"]["status"] == "ok", reply["content"]
    return time.perf_counter() - start, shown


def first_heatmap(folder):
    start = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="tslab", cwd=folder)
    try:
        importing, _ = seconds(client, IMPORT)
        _, shown = seconds(client, HEATMAP)
        figures = [m for m in shown if "application/vnd.plotly.v1+json" in m["content"].get("data", {})]
        assert figures, "no heatmap was shown"
        return time.perf_counter() - start, importing
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def memory_after(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, kernel_name="tslab", timeout=600,
                            resources={"metadata": {"path": str(path.parent)}})
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def main():
    notebook = Path(sys.argv[1]).resolve()
    runs = [first_heatmap(str(notebook.parent)) for _ in range(5)]
    print(json.dumps({
        "startToHeatmap": statistics.median(total for total, _ in runs),
        "importSource": statistics.median(importing for _, importing in runs),
        "memory": memory_after(notebook) if Path("/proc/self/status").exists() else None,
    }))


main()
