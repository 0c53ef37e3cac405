/** How the set-up shows itself: a line for each stage that has something to do, and its time. */

/**
 * @typedef {object} Stage
 * @property {string} title what it brings, and how long that takes the first time
 * @property {(options: {thorough: boolean}) => boolean | Promise<boolean>} isDone
 * @property {(report: (news: string) => void) => Promise<string | void>} run may end with a
 *   message to the user; report() takes the latest news of what takes long
 */

/**
 * @param {string} heading
 * @param {Stage} stage
 */
export async function show(heading, stage) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  console.log(heading);
  let news = '';
  const ticker = setInterval(() => rewrite(`  ${seconds()}  ${news}`), 500);
  if (!process.stdout.isTTY) clearInterval(ticker);
  try {
    const message = await stage.run((latest) => {
      news = latest;
    });
    rewrite('');
    console.log(message ? `  ${message}` : `  done in ${seconds()}`);
  } finally {
    clearInterval(ticker);
    rewrite('');
  }
}

/**
 * Writes over the last line of the terminal.
 * @param {string} text
 */
function rewrite(text) {
  if (!process.stdout.isTTY) return;
  process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}
