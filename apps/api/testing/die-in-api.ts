import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitFor, writesInNamedTransactionsOnly } from '@rollcall/testing';
import type { ApiLimits } from '../app.ts';
import { type Ground, limits } from './ground.ts';

/** A request as a client sends it, as often as it takes. */
export interface SentRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64, since a body may be a workbook; empty: none. */
  readonly body: string;
}

/** What the program is told. */
export interface Dying {
  /** As ROLLCALL_CRASH_AT has it. */
  readonly plan: string;
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly accountsText: string;
  readonly limits: ApiLimits;
  readonly request: SentRequest;
}

const program = join(import.meta.dirname, 'dying-api.ts');

/**
 * Sends a request to an API that ends by SIGKILL at the point of `plan`, and returns how it ended once Postgres has noticed: what its
 * transaction held is free then, as it is for a client that waits a moment before it sends again. `folder` is where it puts files.
 */
export async function dieInApi(
  { database, databaseUrl }: Pick<Ground, 'database' | 'databaseUrl'>,
  told: Pick<Dying, 'plan' | 'accountsText' | 'request'>,
  { folder, compileCache }: { readonly folder: string; readonly compileCache: string },
): Promise<string> {
  const applicationName = `dying api ${randomUUID()}`;
  const child = spawn(process.execPath, [program], {
    env: { TMPDIR: folder, NODE_COMPILE_CACHE: compileCache },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const url = writesInNamedTransactionsOnly(databaseUrl);
  const dying: Dying = { ...told, databaseUrl: url, applicationName, limits };
  child.stdin.end(JSON.stringify(dying));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  await waitFor(
    async () => {
      const { rowCount } = await database.query(
        'SELECT FROM pg_stat_activity WHERE application_name = $1',
        [applicationName],
      );
      return rowCount === 0;
    },
    { timeoutMs: 30_000, everyMs: 5, describe: 'Postgres to notice that the API is dead' },
  );
  return signal ?? `still alive: no request passes ${told.plan} in this way any more. ${said}`;
}
