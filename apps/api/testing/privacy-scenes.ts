import { addSuppressions } from '@rollcall/db';
import { one, openTenant, type Scene } from './death-scenes.ts';
import type { Ground } from './ground.ts';
import { testDigests } from './test-digests.ts';

const why = 'ticket 4711';

/** A number that is put on the suppression list, or taken off it. */
export async function suppressed(ground: Ground, which: 'add' | 'remove'): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const { database } = ground;
  const number = 447_911_000_001;
  if (which === 'remove') {
    await database.transaction('test', (tx) =>
      addSuppressions(tx, tenantId, [number], testDigests, 'objection'),
    );
  }
  const said = { reason: why, requested_by: 'ana' };
  return {
    request:
      which === 'add'
        ? asks('POST', '/v1/suppressions', { numbers: [`+${number}`], ...said })
        : asks('DELETE', `/v1/suppressions/${number}?${new URLSearchParams(said).toString()}`),
    effect: () =>
      one(
        ground,
        'SELECT count(*)::integer AS entries FROM store.suppressions WHERE tenant_id = $1',
        tenantId,
      ),
  };
}

/** A number that is to be erased. */
export async function erased(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const query = new URLSearchParams({ reason: why, requested_by: 'ana' }).toString();
  return {
    request: asks('DELETE', `/v1/numbers/447911000001?${query}`),
    effect: () =>
      one(
        ground,
        `SELECT (SELECT count(*)::integer FROM store.erasures WHERE tenant_id = $1) AS erasures,
                (SELECT count(*)::integer FROM store.suppressions WHERE tenant_id = $1) AS entries`,
        tenantId,
      ),
  };
}
