/*
 * Starts one of the commands in tools/commands: `node tools/run.cjs start`.
 * Written in the JavaScript of 2009, so that every Node can read as far as the message that it is
 * too old.
 */
var refusal;

if (process.platform === 'win32') {
  refusal =
    'This course does not run on Windows itself, but it does on the Linux inside Windows: install ' +
    'it with `wsl --install` (https://learn.microsoft.com/windows/wsl/install), open its ' +
    'terminal, clone the course there, and run the same command again.';
} else if (parseInt(process.versions.node, 10) < 20) {
  refusal =
    'This course needs Node.js 20 or newer, and this is ' +
    process.version +
    ' (' +
    process.execPath +
    '). Install a newer one from https://nodejs.org (or with `nvm install 22`), open a new ' +
    'terminal, and run the same command again.';
}

if (refusal) {
  console.error(refusal);
  process.exit(1);
} else {
  require('./setup/dispatch.cjs').dispatch(process.argv[2], process.argv.slice(3));
}
