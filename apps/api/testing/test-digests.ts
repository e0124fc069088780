import { numberDigests } from '@rollcall/privacy';

const secret = { id: 'test', secret: 'a-secret-for-tests-and-for-nothing-else' };
/** Of suppression lists in tests. */
export const testDigests = numberDigests([secret]);
/** As an API's environment has them. */
export const testSecretsText = `${secret.id}:${secret.secret}`;
