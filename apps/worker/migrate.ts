import { readEnvironment } from '@rollcall/config';
import { migrate } from '@rollcall/db';

/** `pnpm migrate`: brings the database up to this version. Needs the same environment as the API and the worker, before they start. */
const environment = readEnvironment();
if (environment.ok) {
  try {
    const { applied, already } = await migrate(environment.config.databaseUrl, {
      onWait: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`${applied.length} migrations applied, ${already} were there already\n`);
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error && !message.includes(cause.message) ? cause.message : '';
    process.stderr.write(`Not migrated: ${message}\n${why === '' ? '' : `  ${why}\n`}`);
    process.exitCode = 1;
  }
} else {
  process.stderr.write(
    `Nothing was migrated:\n${environment.problems.map((problem) => `  ${problem}\n`).join('')}`,
  );
  // EX_CONFIG: the configuration cannot be used.
  process.exitCode = 78;
}
