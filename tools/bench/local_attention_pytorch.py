"""The step of local-attention.mjs with the package local-attention: same lengths on standard input,
same pattern (blocks of w/2 that look one block back and ahead, cut to the window), same report."""
import json
import sys
import time
from pathlib import Path

import torch
from local_attention import LocalAttention

torch.set_num_threads(2)
attend = LocalAttention(128, causal=False, exact_windowsize=True, use_rotary_pos_emb=False)
linux = Path("/proc/self/clear_refs").exists()


def status(key):
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(key)).split()[1]) / 1024


for line in sys.stdin:
    length = int(line)
    q, k, v = (torch.randn(1, 8, length, 64, requires_grad=True) for _ in range(3))
    g = torch.randn(1, 8, length, 64)
    if linux:
        Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS") if linux else 0
    start = time.perf_counter()
    (attend(q, k, v) * g).sum().backward()
    seconds = time.perf_counter() - start
    megabytes = status("VmHWM") - before if linux else None
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}), flush=True)
