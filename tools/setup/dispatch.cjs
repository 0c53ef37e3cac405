/**
 * Finds a command by its name, makes what it needs to start, and runs it. A failure the user can do something about shows as
 * its one paragraph, anything else with its stack.
 */
const fs = require('node:fs');
const path = require('node:path');

const commands = path.join(__dirname, '..', 'commands');

/**
 * @param {string | undefined} name the name of a file in tools/commands, without `.ts`
 * @param {string[]} argv what the user wrote behind it
 */
async function dispatch(name, argv) {
  const known = fs
    .readdirSync(commands)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.basename(file, '.ts'));
  if (!name || !known.includes(name)) {
    const what = name ? `There is no command \`${name}\`.` : 'Which command?';
    console.error(`${what} The commands are: ${known.sort().join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const { explain } = await import('./errors.mjs');
  try {
    const { prepare } = await import('./prepare.mjs');
    await prepare();
    const command = await import(`../../.build/tools/commands/${name}.js`);
    process.exitCode = (await command.default(argv)) ?? 0;
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}

module.exports = { dispatch };
