/** Jupyter's wire protocol: signed messages over five ZeroMQ sockets. */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Socket } from 'zeromq';
import { builtTools } from '../setup/paths.mjs';

/** The copy that tslab brings along. */
const require = createRequire(import.meta.url);
const zmq: typeof import('zeromq') = createRequire(require.resolve('tslab'))('zeromq');

/** What a message carries. */
// biome-ignore lint/suspicious/noExplicitAny: each type of message has fields of its own
export type Content = Record<string, any>;

type Frames = (string | Uint8Array)[];

type Header = { msg_id: string; msg_type: string; session: string; username: string };

type Message = { identities: Frames; header: Header; content: Content };

/** With the way back to the sender. */
export type Request = Message & { send: (frames: Frames) => void };

export const PROTOCOL = '5.3';
const DELIMITER = '<IDS|MSG>';

/** @param connection the content of the connection file */
export function createCodec({ key, signature_scheme = 'hmac-sha256' }: Content) {
  const session = randomUUID();

  function sign(parts: Frames) {
    if (!key) return '';
    const hmac = createHmac(signature_scheme.replace('hmac-', ''), key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  return {
    /** @param prefix the receiver's identities, or the topic */
    encode(prefix: Frames, type: string, content: Content, parent: Partial<Header>): Frames {
      const header = {
        msg_id: randomUUID(),
        msg_type: type,
        session,
        username: 'kernel',
        date: new Date().toISOString(),
        version: PROTOCOL,
      };
      const parts = [header, parent, {}, content].map((part) => JSON.stringify(part));
      return [...prefix, DELIMITER, sign(parts), ...parts];
    },
    /** @returns nothing if it is not from our client */
    decode(frames: Buffer[]): Message | undefined {
      const delimiter = frames.findIndex((frame) => frame.equals(Buffer.from(DELIMITER)));
      const [signature, ...parts] = frames.slice(delimiter + 1);
      if (sign(parts.slice(0, 4)) !== String(signature)) return undefined;
      const [header, , , content] = parts.map((part) => JSON.parse(String(part)));
      return { identities: frames.slice(0, delimiter), header, content };
    },
  };
}

// Without the first two a loop that prints fast would lose output, or fail with EBUSY after 512 lines.
const options = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 };

async function bind<S extends Socket>(socket: S, connection: Content, channel: string) {
  const { transport, ip, [`${channel}_port`]: port } = connection;
  await socket.bind(`${transport}://${ip}${transport === 'tcp' ? ':' : '-'}${port}`);
  return socket;
}

export const openRouter = (connection: Content, channel: 'shell' | 'control' | 'stdin') =>
  bind(new zmq.Router(options), connection, channel);

export const openHeartbeat = (connection: Content) =>
  bind(new zmq.Reply(options), connection, 'hb');

/** Opens the channels of a connection file. @param flag see interrupt.ts. */
export async function openWire(connection: Content, flag: Int32Array) {
  const { encode, decode } = createCodec(connection);
  const iopub = await bind(new zmq.Publisher(options), connection, 'iopub');
  const shell = await openRouter(connection, 'shell');
  await openRouter(connection, 'stdin');
  const control = new Worker(join(builtTools, 'kernel', 'control.js'), {
    workerData: { connection, flag, parent: process.ppid },
  });

  return {
    /** @param onRequest gets each request on shell and control */
    async listen(onRequest: (request: Request) => void) {
      function receive(frames: Buffer[], send: Request['send']) {
        const message = decode(frames);
        if (message) onRequest({ ...message, send });
      }
      control.on('message', (frames) =>
        receive(frames.map(Buffer.from), (reply) => control.postMessage(reply)),
      );
      for await (const frames of shell) receive(frames, (reply) => void shell.send(reply));
    },
    /** @param request the cause */
    publish(type: string, content: Content, request?: Request) {
      iopub.send(encode([type], type, content, request?.header ?? {}));
    },
    reply({ send, identities, header }: Request, content: Content) {
      send(encode(identities, header.msg_type.replace('_request', '_reply'), content, header));
    },
    /** Resolves when all that has arrived on shell has been read. */
    async drained() {
      while (shell.readable) await turn();
    },
    /** Resolves when all that was sent is on its way. */
    async close() {
      control.postMessage('close');
      await once(control, 'exit');
      iopub.close();
      shell.close();
    },
  };
}
