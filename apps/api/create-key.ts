import { parseArgs } from 'node:util';
import { childEnvironment, readEnvironment } from '@rollcall/config';
import { createApiKey, openDatabase } from '@rollcall/db';
import { scopes } from '@rollcall/domain';

const usage = `Usage: npx --yes pnpm@12.21.0 key --name WHO --scopes SCOPE[,SCOPE…]

  --name WHO     who the key is for
  --scopes       some of ${scopes.join(', ')}; admin alone may do everything

DATABASE_URL says in which database. The key is printed this once.
`;
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
  // A key needs no accounts: whatever stands here is not opened.
  const environment = readEnvironment(childEnvironment({ ROLLCALL_ACCOUNTS_FILE: 'not read' }));
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
