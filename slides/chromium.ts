/**
 * The browser that measures, checks and prints, by its DevTools protocol over two pipes. A library
 * for that takes longer to load than a lesson takes to measure. No page of it reaches a network.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { findChromium } from '../tools/render/chromium.ts';

type Reply = Record<string, any>;

export class Browser {
  private readonly waiting = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (error: Error) => void }
  >();
  private readonly ended: Promise<void>;
  private count = 0;
  private unread = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    const output = child.stdio[4] as Readable;
    output.setEncoding('utf8');
    output.on('data', (text: string) => this.read(text));
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => this.fail(error.message)).on('error', () => resolve());
      child.on('exit', (code, signal) => {
        this.fail(`it ended (${signal ?? code})`);
        resolve();
      });
    });
    (child.stdio[3] as Writable).on('error', () => {}); // said by its end
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'slides-chromium-'));
    const child = spawn(
      findChromium(),
      [
        ...['--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`],
        ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'],
        '--enable-unsafe-swiftshader', // WebGL without a graphics card, for figures in 3-D
        ...['--no-first-run', '--disable-extensions', '--disable-background-networking'],
        ...['--disable-component-update', '--disable-sync', '--force-color-profile=srgb'],
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const browser = new Browser(child, profile);
    await browser.send('Browser.getVersion');
    return browser;
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Reply> {
    const id = ++this.count;
    const pipe = this.child.stdio[3] as Writable;
    return new Promise((resolve, reject) => {
      if (this.child.exitCode !== null) return reject(new Error('Chromium has ended'));
      this.waiting.set(id, { resolve, reject });
      pipe.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  private read(text: string): void {
    const messages = (this.unread + text).split('\0');
    this.unread = messages.pop() ?? '';
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message);
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) waiting?.reject(new Error(`Chromium: ${error.message}`));
      else waiting?.resolve(result);
    }
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(`Chromium failed: ${why}`));
    this.waiting.clear();
  }

  /** A tab of the size of a page, offline. */
  async open(): Promise<Tab> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    const size = { width: 1280, height: 720, deviceScaleFactor: 1, mobile: false };
    await tab.send('Emulation.setDeviceMetricsOverride', size);
    await tab.send('Network.enable');
    const none = { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 };
    await tab.send('Network.emulateNetworkConditions', none);
    return tab;
  }

  async close(): Promise<void> {
    this.send('Browser.close').catch(() => {});
    const patience = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await this.ended;
    clearTimeout(patience);
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class Tab {
  constructor(
    private readonly browser: Browser,
    private readonly target: string,
    private readonly session: string,
  ) {}

  send(method: string, params: object = {}): Promise<Reply> {
    return this.browser.send(method, params, this.session);
  }

  /** Runs a function that needs nothing but its argument in the tab. */
  async evaluate<A, R>(look: (argument: A) => R, argument?: A): Promise<Awaited<R>> {
    const expression = `(${look})(${JSON.stringify(argument) ?? ''})`;
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options);
    if (exceptionDetails) {
      const { exception, text } = exceptionDetails;
      throw new Error(`In Chromium: ${exception?.description ?? text}`);
    }
    return result.value;
  }

  /** Shows a page that holds everything, with its fonts. */
  async setContent(html: string): Promise<void> {
    const { frameTree } = await this.send('Page.getFrameTree');
    await this.send('Page.setDocumentContent', { frameId: frameTree.frame.id, html });
    await this.evaluate(async () => {
      document.body.getBoundingClientRect(); // what is laid out says which fonts it needs
      await document.fonts.ready;
    });
  }

  /** Opens a file and waits until its root element has the attribute. */
  async goto(url: string, attribute: string, seconds = 60): Promise<void> {
    await this.send('Page.navigate', { url });
    const end = Date.now() + 1000 * seconds;
    const isThere = (name: string) => document.documentElement?.hasAttribute(name) ?? false;
    // While the page is being changed, asking may fail.
    while (!(await this.evaluate(isThere, attribute).catch(() => false))) {
      if (Date.now() > end) throw new Error(`${url} is not ready after ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What is seen, reduced by the scale, as a data: URI. */
  async picture(scale: number): Promise<string> {
    const clip = { x: 0, y: 0, width: 1280, height: 720, scale };
    const options = { format: 'webp', quality: 70, clip };
    const { data } = await this.send('Page.captureScreenshot', options);
    return `data:image/webp;base64,${data}`;
  }

  async pdf(): Promise<Buffer> {
    const { data } = await this.send('Page.printToPDF', {
      preferCSSPageSize: true,
      printBackground: true,
      generateTaggedPDF: true,
      generateDocumentOutline: true,
    });
    return Buffer.from(data, 'base64');
  }

  async close(): Promise<void> {
    await this.browser.send('Target.closeTarget', { targetId: this.target });
  }
}
