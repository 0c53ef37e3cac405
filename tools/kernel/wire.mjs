// @ts-check
/** Jupyter's wire protocol: signed messages over five ZeroMQ sockets. */
import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';

/** @type {typeof import('zeromq')} the copy that tslab brings along */
const zmq = createRequire(createRequire(import.meta.url).resolve('tslab'))('zeromq');

/**
 * @typedef {Record<string, any>} Content
 * @typedef {{ msg_id: string, msg_type: string, session: string, username: string }} Header
 * @typedef {{ identities: Buffer[], header: Header, content: Content, socket: import('zeromq').Router }} Request
 */

export const PROTOCOL = '5.3';
const DELIMITER = '<IDS|MSG>';

/**
 * Opens the sockets of a connection file; `onRequest` gets each request on shell and control.
 * @param {Record<string, any>} connection
 * @param {(request: Request) => void} onRequest
 */
export async function openWire(connection, onRequest) {
  const { transport, ip, key, signature_scheme: scheme = 'hmac-sha256' } = connection;
  const session = randomUUID();
  // Without these two a loop that prints fast would lose output, or fail with EBUSY after 512 lines.
  const options = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 };
  const shell = new zmq.Router(options);
  const control = new zmq.Router(options);
  const stdin = new zmq.Router(options);
  const iopub = new zmq.Publisher(options);
  const hb = new zmq.Reply(options);
  const sockets = { shell, control, stdin, iopub, hb };

  /** @param {(string | Buffer)[]} parts */
  function sign(parts) {
    if (!key) return '';
    const hmac = createHmac(scheme.replace('hmac-', ''), key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  /**
   * @param {import('zeromq').Router | import('zeromq').Publisher} socket
   * @param {(string | Buffer)[]} prefix the receiver's identities, or the topic
   * @param {string} type
   * @param {Content} content
   * @param {Partial<Header>} parent
   */
  function send(socket, prefix, type, content, parent) {
    const header = {
      msg_id: randomUUID(),
      msg_type: type,
      session,
      username: 'kernel',
      date: new Date().toISOString(),
      version: PROTOCOL,
    };
    const parts = [header, parent, {}, content].map((part) => JSON.stringify(part));
    socket.send([...prefix, DELIMITER, sign(parts), ...parts]);
  }

  /** @param {import('zeromq').Router} socket */
  async function receive(socket) {
    for await (const frames of socket) {
      const delimiter = frames.findIndex((frame) => frame.equals(Buffer.from(DELIMITER)));
      const [signature, ...parts] = frames.slice(delimiter + 1);
      if (sign(parts.slice(0, 4)) !== String(signature)) continue; // not from our client
      const [header, , , content] = parts.map((part) => JSON.parse(String(part)));
      onRequest({ identities: frames.slice(0, delimiter), header, content, socket });
    }
  }

  async function echoHeartbeat() {
    for await (const frames of hb) await hb.send(frames);
  }

  for (const [name, socket] of Object.entries(sockets)) {
    const port = connection[`${name}_port`];
    await socket.bind(`${transport}://${ip}${transport === 'tcp' ? ':' : '-'}${port}`);
  }
  receive(shell);
  receive(control);
  echoHeartbeat();

  return {
    /** @param {string} type @param {Content} content @param {Request} [request] the cause */
    publish(type, content, request) {
      send(iopub, [type], type, content, request?.header ?? {});
    },
    /** @param {Request} request @param {Content} content */
    reply({ socket, identities, header }, content) {
      send(socket, identities, header.msg_type.replace('_request', '_reply'), content, header);
    },
    /** Resolves when all that has arrived on shell has been read. */
    async drained() {
      while (shell.readable) await turn();
    },
    close() {
      for (const socket of Object.values(sockets)) socket.close();
    },
  };
}
