/**
 * A small copy of the project in a temporary folder, with the real set-up but programs (npm,
 * python3, c++ ...) that behave as a test wants. Nothing outside that folder is touched.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';

export interface Outcome {
  code: number | null;
  output: string;
}

export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'attention-setup-'));
  readonly bin = join(this.folder, 'bin');
  readonly project = join(this.folder, 'project');
  readonly cache = join(this.folder, 'cache', 'attention-course');
  env: Record<string, string> = {
    PATH: this.bin,
    HOME: this.folder,
    XDG_CACHE_HOME: dirname(this.cache),
    TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/', // nobody listens there
  };

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(this.bin, { recursive: true });
    for (const name of ['sh', 'mkdir', 'cp', 'cat', 'tar', 'echo']) this.borrow(name);
    symlinkSync(process.execPath, join(this.bin, 'node'));

    for (const part of ['run.cjs', 'tsconfig.build.json', 'setup', 'commands', 'python']) {
      cpSync(join(root, 'tools', part), join(this.project, 'tools', part), { recursive: true });
    }
    const native = 'src/tensors/fused/native';
    cpSync(join(root, native), join(this.project, native), { recursive: true });
    this.write('tools/kernel/kernelspec.ts', 'export function installKernelspec() {}');
    this.write('slides/README.md', '');
    // The set-up as `npm start` has it, without opening anything.
    this.write(
      'tools/commands/quick.ts',
      "export default () => import('../setup/index.ts').then(({ setup }) => setup());",
    );
    this.write('package.json', '{ "type": "module" }');
    this.write('package-lock.json', '{ "packages": { "": {}, "node_modules/typescript": {} } }');
    this.write('tsconfig.base.json', '{}');
    this.write('src/index.ts', 'export {};');

    // What the npm of the sandbox installs: the sources of the addon, and a compiler that copies src,
    // but makes of tools what the real one does.
    const tfjsNode = 'node_modules/@tensorflow/tfjs-node';
    for (const part of ['package.json', 'scripts', 'binding']) {
      cpSync(
        join(root, tfjsNode, part),
        join(this.folder, 'packages/@tensorflow/tfjs-node', part),
        {
          recursive: true,
        },
      );
    }
    const tsc = join(this.folder, 'packages/typescript/bin/tsc');
    mkdirSync(dirname(tsc), { recursive: true });
    writeFileSync(join(tsc, '../../package.json'), '{ "type": "commonjs" }');
    const real = JSON.stringify(join(root, 'node_modules/typescript/bin/tsc'));
    writeFileSync(
      tsc,
      `const args = process.argv.slice(2);
      if (args[1].endsWith('src'))
        require('node:fs').cpSync('src/index.ts', args.at(-1) + '/index.js');
      else require('node:child_process').execFileSync(process.execPath, [${real}, ...args]);`,
    );
    this.program('npm', `mkdir -p node_modules; cp -R "${this.folder}/packages/." node_modules`);
    this.python('3.12');
  }

  /** A program on the PATH of the sandbox, as a shell script. */
  program(name: string, script: string) {
    const file = join(this.bin, name);
    rmSync(file, { force: true });
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> "${this.folder}/calls"\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** A python3 that says it is of a version, can make a .venv, and whose pip does as told. */
  python(version: string, pip = 'exit 0', name = 'python3') {
    this.program(
      name,
      `case "$*" in
         -c*) echo "Python ${version}" ;;
         *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
         *"pip install"*) ${pip} ;;
         *) echo "this python has no network"; exit 1 ;;
       esac`,
    );
  }

  /** A program of this machine on the PATH of the sandbox. */
  borrow(name: string) {
    const folders = (process.env.PATH ?? '').split(delimiter);
    const file = folders.map((folder) => join(folder, name)).find(existsSync);
    if (file) symlinkSync(file, join(this.bin, name));
  }

  write(name: string, text: string) {
    const file = join(this.project, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Which programs were called, since the last time this was asked. */
  calls() {
    const file = join(this.folder, 'calls');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    rmSync(file, { force: true });
    return lines;
  }

  /** `node tools/run.cjs ...` in the sandbox. */
  run(...args: string[]): Promise<Outcome> {
    return this.runWith(process.execPath, ...args);
  }

  runWith(node: string, ...args: string[]): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(node, [join(this.project, 'tools/run.cjs'), ...args], { env: this.env });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => (output += text));
      child.on('error', reject).on('close', (code) => resolve({ code, output }));
    });
  }
}
