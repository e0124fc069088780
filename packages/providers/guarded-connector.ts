import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { type MayReach, withoutBrackets } from './reach.ts';

/** The code of a connection that was not opened for where it would have led. */
export const addressNotAllowed = 'address_not_public';

class ForbiddenAddress extends Error {
  readonly code = addressNotAllowed;
}

interface Guard {
  readonly timeout_ms: number;
  readonly mayReach: MayReach;
  /** How names are looked up; like the system does, where left out. */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * A connector that opens connections to addresses that may be reached, and to no others. It judges a literal (undici never asks the
 * look-up about one), every address that a name resolves to, of which those that were judged are connected to, so that a name cannot
 * change in between, and the address that was reached, before a byte is written to it, TLS's own included.
 */
export function guardedConnector({
  timeout_ms,
  mayReach,
  lookup = systemLookup,
}: Guard): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeout_ms,
    allowH2: false,
    lookup: guardedLookup(lookup, mayReach),
  });
  return (options, callback) => {
    const literal = withoutBrackets(options.hostname);
    if (isIP(literal) !== 0 && !mayReach(literal)) {
      callback(new ForbiddenAddress(addressNotAllowed), null);
      return;
    }
    let isForbidden = false;
    const connected: buildConnector.Callback = (error, socket) => {
      if (error !== null) callback(error, null);
      else if (isForbidden) callback(new ForbiddenAddress(addressNotAllowed), null);
      else callback(null, socket);
    };
    // undici's connector returns the socket, which its types do not say.
    const opening = connect(options, connected) as unknown as Socket;
    // Before the listeners that begin TLS and that hand the socket over.
    opening.prependOnceListener('connect', () => {
      isForbidden = !mayReach(opening.remoteAddress ?? '');
      if (isForbidden) opening.destroy(new ForbiddenAddress(addressNotAllowed));
    });
  };
}

/** Fails where any one of the addresses may not be reached: a name that mixes them is not asked which it meant. */
function guardedLookup(lookup: LookupFunction, mayReach: MayReach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      // Absent where there was an error, whatever the types say.
      const addresses = Array.isArray(found) ? found : [];
      const [first] = addresses;
      if (error !== null || first === undefined) {
        callback(error ?? new Error('no address'), []);
      } else if (!addresses.every(({ address }) => mayReach(address))) {
        callback(new ForbiddenAddress(addressNotAllowed), []);
      } else if (options.all) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
