import type { Account, AdapterName } from '@rollcall/domain';
import type { Provider, ProviderHooks } from './provider.ts';
import { simpleTasks } from './simple-tasks.ts';
import { tasksV1 } from './tasks-v1.ts';
import { webcom } from './webcom.ts';

type Adapter = (account: Account, key: string, hooks?: ProviderHooks) => Provider;

const adapters: Readonly<Record<AdapterName, Adapter>> = {
  'tasks-v1': tasksV1,
  'simple-tasks': simpleTasks,
  webcom,
};

/**
 * The provider of an account. Opens no connection yet; whoever made it closes it.
 *
 * @throws Error on a key that no HTTP header can carry, without naming it.
 */
export function createProvider(account: Account, key: string, hooks?: ProviderHooks): Provider {
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Error(`the key of account ${account.id} is empty or has characters no header takes`);
  }
  return adapters[account.adapter](account, key, hooks);
}
