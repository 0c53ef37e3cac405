/** Downloads an archive and unpacks it on the way. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { SetupError } from './errors.mjs';
import { heldLocks } from './lock.mjs';

const patienceToConnect = 5_000;
const patienceInSilence = 30_000;

/**
 * @param task url of a .tar.gz; strip says how many leading folders to drop from its names
 * @returns false if the host has no such file
 */
export async function unpack({
  url,
  folder,
  strip,
  report,
}: {
  url: string;
  folder: string;
  strip: number;
  report: (news: string) => void;
}): Promise<boolean> {
  const { host } = new URL(url);
  const silence = new AbortController();
  const { signal } = silence;
  let timer = setTimeout(() => silence.abort(), patienceToConnect);
  const tar = spawn('tar', ['-x', `--strip-components=${strip}`, '-f', '-'], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'pipe', ...heldLocks()],
  }) as ChildProcessByStdio<Writable, null, Readable>;
  let complaint = '';
  tar.stderr.on('data', (text) => {
    complaint += text;
  });
  const end = new Promise((resolve) => tar.on('error', resolve).on('close', resolve));
  let received = 0;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) {
      tar.kill();
      return false;
    }
    const total = Number(response.headers.get('content-length'));
    await pipeline(
      Readable.fromWeb(response.body as ReadableStream),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), patienceInSilence);
          received += chunk.length;
          report(`${megabytes(received)} of ${megabytes(total)} MB from ${host}`);
          yield chunk;
        }
      },
      createGunzip(),
      tar.stdin,
      { signal },
    );
  } catch (error) {
    tar.stdin.destroy();
    if (error instanceof SetupError) throw error;
    const { cause, code, message } = error as NodeJS.ErrnoException & {
      cause?: { code?: string };
    };
    // The reasons of the network come as the cause of a TypeError, those of gunzip begin with Z.
    if (signal.aborted || error instanceof TypeError || code?.startsWith('Z_')) {
      const why = signal.aborted ? 'no answer in time' : (cause?.code ?? message);
      throw new SetupError(`the download from ${host} failed (${why})`);
    }
  } finally {
    clearTimeout(timer);
  }
  const code = await end;
  if (code === 0) return true;
  const [first] = complaint.split('\n');
  throw new SetupError(`${url} could not be unpacked (${first || code})`);
}

function megabytes(bytes: number) {
  return Math.round(bytes / 1e6);
}
