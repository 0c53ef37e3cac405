/** What JupyterLab finds set in .venv. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { notebooks, venv } from './paths.mjs';
import { read, write } from './stamp.mjs';

// Lines that a cell printed, or shows of a source, break between words, not within; a source's 100
// columns have room in a window of 1280 pixels; the first line of a folded cell leaves room for the
// three dots that unfold it.
const styles = `
.jp-ThemedContainer .jp-OutputArea-output pre { word-break: normal; }
.jp-ThemedContainer .jp-RenderedMarkdown.jp-OutputArea-output pre { margin-inline: 0; }
.jp-ThemedContainer .jp-RenderedMarkdown.jp-OutputArea-output details pre { margin-block: 1em; }
.jp-Placeholder-content { min-width: 0; }
.jp-PlaceholderText { text-overflow: ellipsis; }
`;
const extension = 'share/jupyter/labextensions/attention-attention';

/** By path in .venv: settings, or a text. */
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
  // Styles come to the Lab in an extension, made of one script that is handed over as it is.
  [`${extension}/package.json`]: {
    name: 'attention-attention',
    version: '1.0.0',
    description: 'How the lessons look in JupyterLab',
    jupyterlab: {
      extension: true,
      _build: { load: 'static/style.js', style: './style' },
    },
  },
  [`${extension}/static/style.js`]: `(window._JUPYTERLAB ??= {})['attention-attention'] = {
  init() {},
  get() {
    const style = document.createElement('style');
    style.textContent = ${JSON.stringify(styles)};
    document.head.append(style);
    return () => ({});
  },
};
`,
  // Lab starts a script of its own that is CommonJS, while this project's package.json says ESM.
  'package.json': { private: true },
};

export function writeLabSettings() {
  for (const [name, settings] of Object.entries(files)) {
    const file = join(venv, name);
    const text = typeof settings === 'string' ? settings : `${JSON.stringify(settings, null, 2)}\n`;
    if (read(file) === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    write(file, text);
  }
}
