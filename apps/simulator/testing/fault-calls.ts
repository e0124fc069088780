import { type Ground, type Json, someNumbers } from './ground.ts';

const create = { contract: 'tasks-v1', operation: 'create' };

/** Posts a fault for creations of tasks-v1. */
export function onCreate(ground: Ground, action: object, when: object = {}): Promise<Json> {
  return ground.control('POST', 'faults', { match: create, ...when, action });
}

/** Uploads ten numbers to ekycpro's CoinW. */
export function upload(ground: Ground, first?: number): Promise<Response> {
  return ground.create('ekycpro', someNumbers(10, first), 'coinW');
}

/** The ledger so far. */
export async function charges(ground: Ground): Promise<Json[]> {
  return (await ground.control('GET', 'ledger')).charges;
}

/** How a call ended: its status, or the code of its failure. */
export async function endOf(call: Promise<Response>): Promise<number | string> {
  try {
    const response = await call;
    await response.text();
    return response.status;
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? String(error);
  }
}
