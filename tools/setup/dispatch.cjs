/**
 * Finds a command by its name and runs it. A failure the user can do something about shows as
 * its one paragraph, anything else with its stack.
 */
const fs = require('node:fs');
const path = require('node:path');

const commands = path.join(__dirname, '..', 'commands');

/**
 * @param {string | undefined} name the name of a file in tools/commands, without `.mjs`
 * @param {string[]} argv what the user wrote behind it
 */
async function dispatch(name, argv) {
  const known = fs
    .readdirSync(commands)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => path.basename(file, '.mjs'));
  if (!name || !known.includes(name)) {
    const what = name ? `There is no command \`${name}\`.` : 'Which command?';
    console.error(`${what} The commands are: ${known.sort().join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const { explain } = await import('./errors.mjs');
  try {
    const command = await import(`../commands/${name}.mjs`);
    process.exitCode = (await command.default(argv)) ?? 0;
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}

module.exports = { dispatch };
