import { vi } from 'vitest';

/** What a call prints outside of a notebook. */
export function printed(run: () => void): string {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    run();
    return log.mock.calls.join('\n');
  } finally {
    log.mockRestore();
  }
}
