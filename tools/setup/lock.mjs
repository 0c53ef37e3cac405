/**
 * One at a time: two set-ups in two terminals must not write the same folder. The lock is a
 * listening socket, because the system itself takes it away from a process that dies, and because
 * whoever waits is told by the closing of a connection, without asking again and again.
 */
import { mkdirSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { cache } from './paths.mjs';
import { hash } from './stamp.mjs';

/** @type {Set<net.Server>} */
const held = new Set();

/** The file descriptors of the locks this process holds, for its children to inherit. */
export function heldLocks() {
  // Node has no public name for the descriptor of a server.
  const handles = /** @type {{ _handle: { fd: number } }[]} */ (/** @type {unknown} */ ([...held]));
  return handles.map(({ _handle }) => _handle.fd);
}

/**
 * Does the work while nobody else does work under the same name.
 * @template T
 * @param {string} name
 * @param {() => void} onWait called once if somebody else is at it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, onWait, work) {
  const address = addressOf(name);
  /** @type {Set<net.Socket>} */
  const waiting = new Set();
  let server = await listen(address, waiting);
  if (!server) onWait();
  while (!server) {
    await untilReleased(address);
    server = await listen(address, waiting);
  }
  held.add(server);
  try {
    return await work();
  } finally {
    held.delete(server);
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}

/**
 * Linux has socket names outside the file system, which vanish with their process.
 * @param {string} name
 */
function addressOf(name) {
  const id = `attention-course-${process.getuid?.()}-${hash(name).slice(0, 16)}`;
  if (process.platform === 'linux') return `\0${id}`;
  mkdirSync(cache, { recursive: true });
  return join(cache, id);
}

/**
 * @param {string} address
 * @param {Set<net.Socket>} waiting collects the connections of those who wait
 * @returns {Promise<net.Server | undefined>} undefined if somebody else listens there
 */
function listen(address, waiting) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      waiting.add(socket.unref());
      socket.on('error', () => {}).on('close', () => waiting.delete(socket));
    });
    server.on('error', (error) =>
      /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE'
        ? resolve(undefined)
        : reject(error),
    );
    server.listen(address, () => resolve(server.unref()));
  });
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function untilReleased(address) {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    socket.on('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      // A socket in the file system outlives its process.
      if (code === 'ECONNREFUSED' && !address.startsWith('\0')) unlinkSync(address);
    });
    socket.on('close', () => resolve()).resume();
  });
}
