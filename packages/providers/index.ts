export { createProvider } from './create-provider.ts';
export type { ObservedRequest, Provider, ProviderHooks, SubmitRequest } from './provider.ts';
export { startStopwatch } from './stopwatch.ts';
