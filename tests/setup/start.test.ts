import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, venvPython } from '../../tools/setup/paths.mjs';
import { Sandbox } from './sandbox';

test('a port that was asked for and is in use is an error before anything starts', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const args of [[`--port=${port}`], ['--port', String(port)]]) {
    const sandbox = new Sandbox();
    await sandbox.run('build');
    const { code, output } = await sandbox.run('start', '--no-browser', ...args);
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^Port ${port} is in use`));
  }
});

test.runIf(existsSync(venvPython))(
  'JupyterLab answers, offers the kernel tslab alone, and closes on Ctrl-C',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'attention-home-'));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const script = `
      import { openLab } from '${root}/.build/tools/commands/start.js';
      process.exitCode = await openLab(['--no-browser']);`;
    const lab = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: root,
      env: { ...process.env, HOME: home, JUPYTER_RUNTIME_DIR: join(home, 'runtime') },
    });
    onTestFinished(() => void lab.kill());
    const ended = new Promise<number | null>((resolve) => lab.on('close', resolve));
    let output = '';
    const address = await new Promise<string>((resolve) => {
      for (const stream of [lab.stdout, lab.stderr]) {
        stream.on('data', (text) => {
          output += text;
          const [url] = /http:\/\/127\.0\.0\.1\S+/.exec(output) ?? [];
          if (url) resolve(url);
        });
      }
    });
    expect((await fetch(address)).status).toBe(200);

    const { origin, search } = new URL(address);
    expect((await fetch(`${origin}/api/kernelspecs`)).status).toBe(403); // not without the token
    const answer = await fetch(`${origin}/api/kernelspecs${search}`);
    const { kernelspecs, default: first } = (await answer.json()) as Record<string, object>;
    expect(Object.keys(kernelspecs)).toEqual(['tslab']);
    expect(first).toBe('tslab');

    lab.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(output.trim().split('\n')).toEqual([
      expect.stringContaining('JupyterLab is open at http://127.0.0.1:'),
      'Ctrl-C closes it.',
      '',
      '',
      'JupyterLab is closing.',
    ]);
  },
);
