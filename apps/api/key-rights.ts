import type { ApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';

/** Whether a key may do this; `admin` may do everything. */
export function allows(key: Pick<ApiKey, 'scopes'>, scope: Scope): boolean {
  return key.scopes.includes(scope) || key.scopes.includes('admin');
}

/** Who a key is, as decisions and approvals keep it: its id, which never changes, and its name as it was then. */
export function personOf(key: Pick<ApiKey, 'id' | 'name'>): string {
  return `${key.id} (${key.name})`;
}
