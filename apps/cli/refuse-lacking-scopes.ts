import { ownKeySchema } from '@rollcall/contract';
import { CommandFailed, failed } from './command-failed.ts';
import type { Context } from './context.ts';

/** Of an API of another version this alone matters. */
const scopesSchema = ownKeySchema.pick({ scopes: true });
type Scope = ReturnType<typeof scopesSchema.parse>['scopes'][number];

/**
 * Ends the command where the key may not do what it is about to do in the end, before it begins: a job that is paid for and cannot be
 * read helps nobody. Where the API is away nothing is said, since the call after this one tells of that, and tries again.
 */
export async function refuseLackingScopes(
  { api, signal }: Pick<Context, 'api' | 'signal'>,
  needed: Readonly<Partial<Record<Scope, string>>>,
): Promise<void> {
  const scopes = await scopesOf(api, signal);
  if (scopes === null || scopes.includes('admin')) return;
  const lacking = (Object.keys(needed) as Scope[]).filter((scope) => !scopes.includes(scope));
  if (lacking.length === 0) return;
  throw failed(
    'usage',
    'scope_missing',
    'The key may not do this',
    `${lacking.map((scope) => `${needed[scope]} needs the scope ${scope}`).join('; ')}. The key has ${scopes.join(', ')}. Nothing was sent.`,
    ['Use a key with that scope, or leave the flag out.'],
  );
}

/** What it takes to make a job, stay with it, and write its results where a file is named. */
export function scopesToWait(out: string | undefined): Readonly<Partial<Record<Scope, string>>> {
  return {
    'jobs:write': 'a new job',
    'jobs:read': out === undefined ? '--wait' : '--out, which waits,',
    ...(out !== undefined && { 'results:read': '--out' }),
  };
}

async function scopesOf(
  api: Context['api'],
  signal: AbortSignal,
): Promise<readonly Scope[] | null> {
  try {
    return (await api.ask(scopesSchema, 'GET', '/v1/key', { signal })).value.scopes;
  } catch (error) {
    if (error instanceof CommandFailed && error.ending === 'unreachable') return null;
    throw error;
  }
}
