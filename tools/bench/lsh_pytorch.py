"""LSH self-attention of reformer-pytorch, forward and backward, to compare in turns.

For each line on standard input runs one step on [1, length, 256] numbers and prints its seconds and
the largest resident memory so far in MB, the part before the first step taken off.
"""
import resource
import sys
import time

import torch
from reformer_pytorch import LSHSelfAttention

torch.set_num_threads(2)
torch.manual_seed(1)
length = int(sys.argv[1])
attention = LSHSelfAttention(dim=256, heads=4, bucket_size=64, n_hashes=4, causal=True)
x = torch.randn(1, length, 256, requires_grad=True)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


before = peak()
for _ in sys.stdin:
    start = time.perf_counter()
    attention(x).square().sum().backward()
    seconds = time.perf_counter() - start
    attention.zero_grad()
    x.grad = None
    print(f"[{seconds}, {peak() - before}]", flush=True)
