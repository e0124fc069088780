import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultDataFolder } from './data-folder.ts';

export interface StartFlags {
  readonly data: string;
  readonly redis: boolean;
  readonly host: string;
  /** Null: the usual one, or a free one where that is taken. */
  readonly port: number | null;
  /** Null: simulated providers. */
  readonly accounts: string | null;
}

export const usualPort = 8080;

export const usage = `Usage: npx --yes pnpm@12.21.0 start [--data FOLDER] [--port N] [--host ADDRESS] [--redis] [--accounts FILE]

  --data FOLDER    where everything is kept (${defaultDataFolder()})
  --port N         port of the API (${usualPort}, or a free one where that is taken; 0: a free one)
  --host ADDRESS   where the API listens (127.0.0.1). It speaks plain HTTP: put a proxy with TLS in front of anything else
  --redis          the queue on Redis instead of Postgres
  --accounts FILE  your own accounts at real providers, keys from the environment, instead of simulated ones
`;

export type FlagsRead =
  | { readonly ok: true; readonly flags: StartFlags }
  /** `help` was asked for, or what is wrong. */
  | { readonly ok: false; readonly problem: string | null };

export function readStartFlags(args: readonly string[]): FlagsRead {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        redis: { type: 'boolean' },
        accounts: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
  const { data, port, host = '127.0.0.1', redis, accounts, help } = values;
  if (help === true) return { ok: false, problem: null };
  if (typeof port === 'string' && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) {
    return { ok: false, problem: '--port: write a whole number from 0 to 65535' };
  }
  if (typeof host !== 'string' || (isIP(host) === 0 && host !== 'localhost')) {
    return { ok: false, problem: '--host: write an IP address' };
  }
  return {
    ok: true,
    flags: {
      data: typeof data === 'string' ? data : defaultDataFolder(),
      redis: redis === true,
      host,
      port: typeof port === 'string' ? Number(port) : null,
      accounts: typeof accounts === 'string' ? resolve(accounts) : null,
    },
  };
}
