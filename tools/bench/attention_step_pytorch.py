"""The steps of attention-step.ts with the packages local-attention and reformer-pytorch: the same
lengths on standard input, the same sizes, the same report."""
import json
import sys
import time
from pathlib import Path

import torch

torch.manual_seed(1)


def window(length):
    from local_attention import LocalAttention

    # Blocks of 128 that look one block back and ahead, cut to the window.
    attend = LocalAttention(128, causal=False, exact_windowsize=True, use_rotary_pos_emb=False)
    q, k, v = (torch.randn(1, 8, length, 64, requires_grad=True) for _ in range(3))
    g = torch.randn(1, 8, length, 64)
    return lambda: (attend(q, k, v) * g).sum()


def strided(length):
    q, k, v = (torch.randn(1, 2, length, 64, requires_grad=True) for _ in range(3))
    g = torch.randn(1, 2, length, 64)
    attend = torch.nn.functional.scaled_dot_product_attention
    return lambda: (attend(q, k, v, is_causal=True) * g).sum()


def lsh(length):
    from reformer_pytorch import LSHSelfAttention

    attention = LSHSelfAttention(dim=256, heads=4, bucket_size=64, n_hashes=4, causal=True)
    x = torch.randn(1, length, 256, requires_grad=True)
    return lambda: attention(x).square().sum()


def status(key):
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(key)).split()[1]) / 1024


linux = Path("/proc/self/clear_refs").exists()
for line in sys.stdin:
    loss = {"window": window, "strided": strided, "lsh": lsh}[sys.argv[1]](int(line))
    if linux:
        Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS") if linux else 0
    start, used = time.perf_counter(), time.process_time()
    loss().backward()
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    megabytes = status("VmHWM") - before if linux else None
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": megabytes}), flush=True)
