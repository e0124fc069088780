import { parseArgs } from 'node:util';
import { childEnvironment, readEnvironment } from '@rollcall/config';
import { constraintOf, createApiKey, openDatabase } from '@rollcall/db';
import { scopes } from '@rollcall/domain';

const usage = `Usage: npx --yes pnpm@12.21.0 key --name WHO --scopes SCOPE[,SCOPE…] [--tenant ID]

  --name WHO     who the key is for
  --scopes       some of ${scopes.join(', ')}; admin alone may do everything
  --tenant ID    whose key it is: the number of a tenant, 1 if absent

DATABASE_URL says in which database. The key is printed this once.
`;
/** EX_USAGE, EX_CONFIG */
const exit = { usage: 64, configuration: 78 } as const;

/** `pnpm key`: makes an API key and prints it, the only time that anybody sees it. */
async function main(): Promise<number> {
  const flags = readFlags();
  if (flags?.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  if (!flags) {
    process.stderr.write(usage);
    return exit.usage;
  }
  const asked = (flags.scopes ?? '').split(',').map((scope) => scope.trim());
  const wanted = scopes.filter((scope) => asked.includes(scope));
  const name = (flags.name ?? '').trim();
  const isTenant = /^[1-9]\d{0,8}$/.test(flags.tenant);
  if (name === '' || name.length > 200 || wanted.length !== asked.length || !isTenant) {
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
    role: 'rollcall_api',
    maxConnections: 1,
    applicationName: 'rollcall key',
    onIdleError: () => undefined,
  });
  try {
    const { key } = await createApiKey(database, {
      tenantId: Number(flags.tenant),
      name,
      scopes: wanted,
      actor: 'system (pnpm key)',
    });
    process.stdout.write(`${key}\n`);
    return 0;
  } catch (error) {
    if (constraintOf(error) !== 'api_keys_tenant_id_fkey') throw error;
    process.stderr.write(`No key was made: there is no tenant ${flags.tenant}.\n`);
    return exit.usage;
  } finally {
    await database.close();
  }
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        name: { type: 'string' },
        scopes: { type: 'string' },
        tenant: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch {
    return null;
  }
}

process.exitCode = await main();
