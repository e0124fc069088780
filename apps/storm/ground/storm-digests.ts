import { numberDigests } from '@rollcall/privacy';

const secret = { id: 'storm', secret: 'a-secret-of-the-storm-and-of-nothing-else' };

/** Of the suppression lists of a storm. */
export const stormDigests = numberDigests([secret]);
/** As a worker's environment has them. */
export const stormSecretsText = `${secret.id}:${secret.secret}`;
