import type { Logger } from './create-logger.ts';
import { describeError } from './describe-error.ts';

/**
 * Ends the process with code 1 at an error that nobody caught, as Node does, and says so in a line of the log. Node itself would print the
 * error with all of its fields, and Postgres's `detail` or an HTTP error's body hold numbers.
 */
export function endOnCrash(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.error('process.failed', { reason: origin, ...describeError(error) });
    process.exit(1);
  });
}
