// @ts-check
/** Jupyter's wire protocol: signed messages over five ZeroMQ sockets. */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** @type {typeof import('zeromq')} the copy that tslab brings along */
const zmq = createRequire(createRequire(import.meta.url).resolve('tslab'))('zeromq');

/**
 * @typedef {Record<string, any>} Content
 * @typedef {(string | Uint8Array)[]} Frames
 * @typedef {{ msg_id: string, msg_type: string, session: string, username: string }} Header
 * @typedef {{ identities: Frames, header: Header, content: Content }} Message
 * @typedef {Message & { send: (frames: Frames) => void }} Request with the way back to the sender
 */

export const PROTOCOL = '5.3';
const DELIMITER = '<IDS|MSG>';

/** @param {Content} connection the content of the connection file */
export function createCodec({ key, signature_scheme = 'hmac-sha256' }) {
  const session = randomUUID();

  /** @param {Frames} parts */
  function sign(parts) {
    if (!key) return '';
    const hmac = createHmac(signature_scheme.replace('hmac-', ''), key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  return {
    /**
     * @param {Frames} prefix the receiver's identities, or the topic
     * @param {string} type
     * @param {Content} content
     * @param {Partial<Header>} parent
     * @returns {Frames}
     */
    encode(prefix, type, content, parent) {
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
    /** @param {Buffer[]} frames @returns {Message | undefined} nothing if it is not from our client */
    decode(frames) {
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

/**
 * @template {import('zeromq').Socket} S
 * @param {S} socket
 * @param {Content} connection
 * @param {string} channel
 */
async function bind(socket, connection, channel) {
  const { transport, ip, [`${channel}_port`]: port } = connection;
  await socket.bind(`${transport}://${ip}${transport === 'tcp' ? ':' : '-'}${port}`);
  return socket;
}

/** @param {Content} connection @param {'shell' | 'control' | 'stdin'} channel */
export const openRouter = (connection, channel) =>
  bind(new zmq.Router(options), connection, channel);

/** @param {Content} connection */
export const openHeartbeat = (connection) => bind(new zmq.Reply(options), connection, 'hb');

/**
 * Opens the channels of a connection file.
 * @param {Content} connection
 * @param {Int32Array} flag see interrupt.mjs
 */
export async function openWire(connection, flag) {
  const { encode, decode } = createCodec(connection);
  const iopub = await bind(new zmq.Publisher(options), connection, 'iopub');
  const shell = await openRouter(connection, 'shell');
  await openRouter(connection, 'stdin');
  const control = new Worker(new URL('./control.mjs', import.meta.url), {
    workerData: { connection, flag, parent: process.ppid },
  });

  return {
    /** @param {(request: Request) => void} onRequest gets each request on shell and control */
    async listen(onRequest) {
      /** @param {Buffer[]} frames @param {Request['send']} send */
      function receive(frames, send) {
        const message = decode(frames);
        if (message) onRequest({ ...message, send });
      }
      control.on('message', (frames) =>
        receive(frames.map(Buffer.from), (reply) => control.postMessage(reply)),
      );
      for await (const frames of shell) receive(frames, (reply) => void shell.send(reply));
    },
    /** @param {string} type @param {Content} content @param {Request} [request] the cause */
    publish(type, content, request) {
      iopub.send(encode([type], type, content, request?.header ?? {}));
    },
    /** @param {Request} request @param {Content} content */
    reply({ send, identities, header }, content) {
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
