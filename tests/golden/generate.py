"""Values that the TypeScript has to reproduce, computed by code that does not come from here.

    python3 -m venv .venv-golden
    .venv-golden/bin/pip install -r tests/golden/requirements.txt
    .venv-golden/bin/python tests/golden/generate.py            all, or some by name: core reformer

Runs every generate_*.py beside this file; each writes its *.json.
"""
import subprocess
import sys
from pathlib import Path

here = Path(__file__).parent
for script in sorted(here.glob("generate_*.py")):
    if not sys.argv[1:] or script.stem.removeprefix("generate_") in sys.argv[1:]:
        subprocess.run([sys.executable, str(script)], check=True)
