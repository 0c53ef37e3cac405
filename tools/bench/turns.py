"""The other side of turns.ts."""
import json
import sys
import time


def answer(prepare):
    """Reads jobs as JSON lines, and times what `prepare` makes of each: by the clock, and of the processor."""
    for line in sys.stdin:
        run = prepare(json.loads(line))
        start, cpu = time.perf_counter(), time.process_time()
        run()
        seconds = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
        print(json.dumps(seconds), flush=True)
