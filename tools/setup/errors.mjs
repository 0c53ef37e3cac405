/** Failures that are the user's to mend: one paragraph that says what happened and what to do. */

export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/**
 * What to print about a failure: the paragraph of a SetupError, a paragraph for what the operating
 * system refuses, or else the stack.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof Error)) return String(error);
  // By its name: there is a class in tools, and one in what is made of tools.
  if (error.name === 'SetupError') return error.message;
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === 'ENOSPC') return `${outOfSpace} (${error.message})`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return (
      `${path ?? 'A file'} cannot be written (${code}). The course installs into its own folder ` +
      'and into your cache folder, and both have to be yours: move the clone to your home folder, ' +
      'or give the folder back to yourself with `sudo chown -R "$USER" <folder>`, and run the ' +
      'same command again.'
    );
  }
  return error.stack ?? error.message;
}

export const outOfSpace =
  'The disk is full. Free some space and run the same command again: it goes on where it stopped.';
