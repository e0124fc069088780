import { accountSchema } from '@rollcall/contract';
import { CommandFailed } from './command-failed.ts';
import type { Context } from './context.ts';
import { plainText } from './plain-text.ts';

/**
 * What the API says that a person can do about an account, as a line that names it; null where there is nothing to do, or where it
 * cannot be asked: what it stands beside has been told of without it.
 */
export async function accountAdvice(
  { api, signal }: Pick<Context, 'api' | 'signal'>,
  account: string,
): Promise<string | null> {
  try {
    const { value } = await api.ask(accountSchema, 'GET', `/v1/accounts/${account}`, { signal });
    return value.advice === null ? null : plainText(`${account}: ${value.advice}`);
  } catch (error) {
    if (error instanceof CommandFailed) return null;
    throw error;
  }
}
