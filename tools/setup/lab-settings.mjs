/** What JupyterLab finds set in .venv. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { notebooks, venv } from './paths.mjs';
import { read, write } from './stamp.mjs';

/** @type {Record<string, object>} */
const files = {
  'etc/jupyter/jupyter_server_config.json': {
    ServerApp: {
      root_dir: notebooks,
      ip: '127.0.0.1',
      log_level: 'ERROR', // and the address
      // nbgrader's pages are for a course server; here its command line is used.
      jpserver_extensions: Object.fromEntries(
        ['assignment_list', 'course_list', 'formgrader', 'validate_assignment'].map((name) => [
          `nbgrader.server_extensions.${name}`,
          false,
        ]),
      ),
    },
    // The course's kernel, and no other on this machine.
    KernelSpecManager: { ensure_native_kernel: false, allowed_kernelspecs: ['tslab'] },
    MultiKernelManager: { default_kernel_name: 'tslab' },
    // The tabs of a Lab in another project would be missing files here.
    LabApp: { workspaces_dir: join(venv, 'share', 'jupyter', 'lab', 'workspaces') },
  },
  // Nor are nbgrader's menus shown.
  'etc/jupyter/labconfig/page_config.json': { disabledExtensions: { '@jupyter/nbgrader': true } },
  // No questions about Jupyter's news and updates.
  'share/jupyter/lab/settings/overrides.json': {
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false },
    // Draw all cells of a lesson, not only those in sight: search finds them, scrolling is steady.
    '@jupyterlab/notebook-extension:tracker': { windowingMode: 'defer' },
  },
  // Lab starts a script of its own that is CommonJS, while this project's package.json says ESM.
  'package.json': { private: true },
};

export function writeLabSettings() {
  for (const [name, settings] of Object.entries(files)) {
    const file = join(venv, name);
    const text = `${JSON.stringify(settings, null, 2)}\n`;
    if (read(file) === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    write(file, text);
  }
}
