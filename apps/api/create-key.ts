import { parseArgs } from 'node:util';
import { readEnvironment } from '@rollcall/config';
import { createApiKey, openDatabase, scopes } from '@rollcall/db';

const usage = `Usage: pnpm key --name WHO --scopes ${scopes.join(',')}\n`;
/** EX_USAGE, EX_CONFIG */
const exit = { usage: 64, configuration: 78 } as const;

const { values: flags } = parseArgs({
  options: { name: { type: 'string' }, scopes: { type: 'string' } },
});

/** `pnpm key`: makes an API key and prints it, the only time that anybody sees it. */
async function main(): Promise<number> {
  const asked = (flags.scopes ?? '').split(',').map((scope) => scope.trim());
  const wanted = scopes.filter((scope) => asked.includes(scope));
  const name = (flags.name ?? '').trim();
  if (name === '' || name.length > 200 || wanted.length !== asked.length) {
    process.stderr.write(usage);
    return exit.usage;
  }
  const environment = readEnvironment();
  if (!environment.ok) {
    process.stderr.write(
      `No key was made:\n${environment.problems.map((problem) => `  ${problem}\n`).join('')}`,
    );
    return exit.configuration;
  }
  const database = openDatabase({
    url: environment.config.databaseUrl,
    maxConnections: 1,
    applicationName: 'rollcall key',
    onIdleError: () => undefined,
  });
  try {
    const { key } = await createApiKey(database, { tenantId: 1, name, scopes: wanted });
    process.stdout.write(`${key}\n`);
    return 0;
  } finally {
    await database.close();
  }
}

process.exitCode = await main();
