/** Stage: JupyterLab and the other packages of tools/python/requirements.txt, in .venv. */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireSpace } from './disk.mjs';
import { SetupError } from './errors.mjs';
import { root, venv, venvPython } from './paths.mjs';
import { run } from './process.mjs';
import type { Stage } from './stage.mjs';
import { hash, read, write } from './stamp.mjs';

const requirements = join(root, 'tools', 'python', 'requirements.txt');
const stamp = join(venv, '.attention-requirements-hash');
const names = ['python3', ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`), 'python'];

export const pythonPackages: Stage = {
  title: 'Python packages (JupyterLab, Plotly, nbgrader): about a minute the first time',
  isDone: () => existsSync(venvPython) && read(stamp) === inputHash(),
  async run(report) {
    requireSpace(root, 600, 'The Python packages');
    const python = await findPython();
    rmSync(stamp, { force: true });
    const made = await run(python, ['-I', '-m', 'venv', '--clear', venv], { onLine: report });
    if (!made.ok) throw failure(`${python} -m venv`, made);
    const pip = ['-I', '-m', 'pip', 'install', '--require-hashes', '--requirement', requirements];
    const installed = await run(venvPython, [...pip, '--progress-bar', 'off'], {
      env: pipEnvironment,
      onLine: report,
    });
    if (!installed.ok) throw failure('pip install', installed);
    write(stamp, inputHash());
  },
};

/** A user's own settings for pip must not lead its packages out of .venv. */
export const pipEnvironment = {
  PIP_USER: '0',
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  PIP_NO_INPUT: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
};

/**
 * The scripts in a .venv name its folder, and its packages belong to one version of Python: a
 * project that has moved, or a Python that was replaced, needs a new one.
 */
function inputHash() {
  return hash(read(requirements) ?? '', venv, realpathSync(venvPython));
}

/** @returns a Python that can make the .venv */
export async function findPython(): Promise<string> {
  const { PYTHON } = process.env;
  const found = [];
  for (const name of PYTHON ? [PYTHON] : names) {
    const python = await probe(name);
    if (python?.fits && python.venv) return name;
    if (python) found.push(python);
  }
  const again = 'and run the same command again';
  const choose = 'If you have one under another name, say so: `PYTHON=/path/to/python3 npm start`.';
  const bare = found.find((python) => python.fits);
  if (bare) {
    throw new SetupError(
      `Python ${bare.version} (${bare.name}) is here but cannot make virtual environments: its ` +
        `modules venv and ensurepip are missing. On Debian and Ubuntu they come with \`sudo apt ` +
        `install python${bare.version}-venv\`; install them ${again}.`,
    );
  }
  const have = found.map(({ name, version }) => `${name} is ${version}`).join(', ');
  throw new SetupError(
    `This course needs Python 3.10 to 3.14, for JupyterLab, and ${
      have
        ? `the only Python here does not fit: ${have}`
        : `none was found${PYTHON ? ` at PYTHON=${PYTHON}` : ''}`
    }. Install one (\`sudo apt install python3 python3-venv\` on Debian and Ubuntu, ` +
      `\`brew install python@3.13\` on macOS, or https://www.python.org/downloads/) ${again}. ${choose}`,
  );
}

async function probe(name: string) {
  // The version first: it is printed even where the import fails.
  const script = 'import sys; print("Python %d.%d" % sys.version_info[:2]); import ensurepip, venv';
  const { ok, tail } = await run(name, ['-c', script]);
  const [, version, minor] = /^Python (3\.(\d+)|\d+\.\d+)$/m.exec(tail) ?? [];
  if (!version) return undefined; // no such program, or one that only says it is not installed
  const fits = minor !== undefined && Number(minor) >= 10 && Number(minor) <= 14;
  return { name, version, fits, venv: ok };
}

function failure(command: string, { ended, tail }: { ended: string; tail: string }) {
  return new SetupError(
    `The Python packages could not be installed: \`${command}\` ${ended}. Its last words are ` +
      'below. If it is the network, run the same command again later: what has been downloaded ' +
      `is kept, and it goes on from there.\n\n${tail}`,
  );
}
