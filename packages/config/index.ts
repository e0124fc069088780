export { checkLease } from './check-lease.ts';
export { childEnvironment } from './child-environment.ts';
export { dataHome } from './data-home.ts';
export type { Environment } from './environment-variable.ts';
export { nodeFlags } from './node-flags.ts';
export { type Accounts, type AccountsRead, readAccounts } from './read-accounts.ts';
export { type ClientSettings, readClientEnvironment } from './read-client-environment.ts';
export {
  type Configuration,
  type EnvironmentRead,
  readEnvironment,
  type StageName,
} from './read-environment.ts';
export { readSuppressionSecrets } from './read-suppression-secrets.ts';
export { type SimulatedAccounts, simulatedAccounts } from './simulated-accounts.ts';
