import type { ApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';

/** Whether a key may do this; `admin` may do everything. */
export function allows(key: Pick<ApiKey, 'scopes'>, scope: Scope): boolean {
  return key.scopes.includes(scope) || key.scopes.includes('admin');
}
