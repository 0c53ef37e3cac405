import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { Sandbox } from './sandbox';

const addon = 'lib/napi-v8/tfjs_binding.node';
const native = join(root, 'node_modules/@tensorflow/tfjs-node', addon);
const isNative = existsSync(native);

const silence: string[] = [];

/** A host with archives at some paths, made by tar with these arguments. */
async function serve(offers: Record<string, string[]>): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const what = offers[path];
    if (!what) {
      response.writeHead(404).end();
      return;
    }
    if (what === silence) return;
    const tar = spawn('tar', ['-c', ...what]);
    tar.stdout.pipe(createGzip()).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

const library = '/tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz';
const readyAddon = '/tf-builds/pre-built-binary/napi-v8/4.22.0/CPU-linux-4.22.0.tar.gz';

/** A host with what this machine has installed; the 850 MB of libraries as links to them. */
function serveInstalled(sandbox: Sandbox, offered = [library, readyAddon]) {
  const installed = join(realpathSync(native), '../../..');
  const deps = join(sandbox.folder, 'host/deps');
  mkdirSync(join(deps, 'lib'), { recursive: true });
  for (const name of readdirSync(join(installed, 'deps/lib'))) {
    symlinkSync(join(installed, 'deps/lib', name), join(deps, 'lib', name));
  }
  const offers: Record<string, string[]> = {
    [library]: ['-C', deps, '.'],
    [readyAddon]: ['-C', join(installed, 'lib'), 'napi-v8'],
  };
  return serve(Object.fromEntries(offered.map((path) => [path, offers[path]])));
}

/** The folder of TensorFlow in its cache. */
const homeIn = (sandbox: Sandbox) =>
  readdirSync(sandbox.cache).find((name) => name.startsWith('tensorflow')) as string;

const onLinux = process.platform === 'linux' && process.arch === 'x64';

test.runIf(onLinux && isNative)(
  'the download of tfjs-node is taken where it can be reached',
  async () => {
    const sandbox = new Sandbox();
    const host = await serveInstalled(sandbox);
    sandbox.env.TFJS_NODE_CDN_STORAGE = host.url;
    const { code, output } = await sandbox.run('quick');
    expect(code).toBe(0);
    expect(output).toMatch(/^\[3\/5\] TensorFlow .*\n {2}done/m);
    expect(host.asked).toEqual([readyAddon, library]);
    // Without a compiler there are no fused operations, which is said once.
    expect(output).toMatch(
      /^\[4\/5\].*\n {2}The fused operations are not there: .*apt install g\+\+/m,
    );
    expect((await sandbox.run('quick')).output).toBe('');

    // It stands in the cache once, and the package links there.
    const home = homeIn(sandbox);
    const link = join(sandbox.project, 'node_modules/@tensorflow/tfjs-node', addon);
    expect(realpathSync(link)).toBe(join(sandbox.cache, home, addon));

    // A reinstallation of the Node packages costs a link, not a download.
    sandbox.write('package-lock.json', '{ "packages": { "": {} } }');
    await sandbox.run('quick');
    expect(host.asked).toHaveLength(2);
    expect(existsSync(link)).toBe(true);
  },
);

test.runIf(onLinux && isNative)('a file in the cache that was cut off is replaced', async () => {
  const sandbox = new Sandbox();
  sandbox.env.TFJS_NODE_CDN_STORAGE = (await serveInstalled(sandbox)).url;
  await sandbox.run('quick');
  const home = homeIn(sandbox);
  const file = join(sandbox.cache, home, addon);
  const { size } = statSync(file);
  truncateSync(file, 5000);
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(0);
  expect(output).toMatch(/^\[3\/5\]/);
  expect(statSync(file).size).toBe(size);
});

test.runIf(onLinux && isNative)('an archive without the library in it is refused', async () => {
  const sandbox = new Sandbox();
  const empty = join(sandbox.folder, 'empty');
  mkdirSync(empty);
  const { url } = await serve({
    [library]: ['-C', empty, '.'],
    [readyAddon]: ['-C', join(realpathSync(native), '../..'), 'napi-v8'],
  });
  sandbox.env.TFJS_NODE_CDN_STORAGE = url;
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(0);
  expect(output).toMatch(/what was installed does not work here \(.*libtensorflow.*\)/);
  expect(readdirSync(sandbox.cache)).toEqual([expect.stringMatching(/\.failed$/)]);
});

test('without download and compiler the course runs on, and says once what to do', async () => {
  const sandbox = new Sandbox();
  const { code, output } = await sandbox.run('quick');
  expect(code).toBe(0);
  expect(output).toMatch(/The native TensorFlow could not be installed: .*sudo apt install g\+\+/);
  expect(output).toContain('runs all the same, on TensorFlow.js in pure JavaScript');
  expect(output).toContain('To try again: `npm run setup`');
  // The next start does not try again, `npm run setup` does.
  expect((await sandbox.run('quick')).output).toBe('');
  expect((await sandbox.run('setup')).output).toContain('could not be installed');
});

test.runIf(process.platform === 'linux')(
  'a compiler that has come since is tried at once, after the download',
  async () => {
    const sandbox = new Sandbox();
    await sandbox.run('quick');
    sandbox.program('c++', 'exit 1');
    const { code, output } = await sandbox.run('quick');
    expect(code).toBe(0);
    expect(output).toMatch(/PyPI did not give its wheel \(pip: this python has no network\)/);
  },
);

test.runIf(onLinux && isNative)(
  'where only the library is offered, the addon is compiled',
  async () => {
    const sandbox = new Sandbox();
    const { url, asked } = await serveInstalled(sandbox, [library]);
    sandbox.env.TFJS_NODE_CDN_STORAGE = url;
    expect((await sandbox.run('quick')).output).toContain(
      'takes a C++ compiler, and there is none',
    );
    expect(asked).toEqual([readyAddon]);
    sandbox.program('c++', `for last; do :; done; cp "${native}" "$last"`);
    expect((await sandbox.run('quick')).output).toMatch(/^\[3\/5\].*\n {2}done/);
  },
);

test.runIf(onLinux)('a host that does not answer is given up within seconds', async () => {
  const sandbox = new Sandbox();
  sandbox.env.TFJS_NODE_CDN_STORAGE = (await serve({ [readyAddon]: silence })).url;
  const started = Date.now();
  const { output } = await sandbox.run('quick');
  expect(output).toMatch(/download from 127\.0\.0\.1:\d+ failed \(no answer in time\)/);
  expect(Date.now() - started).toBeLessThan(15_000);
});
