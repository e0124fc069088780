import { BlockList, isIP } from 'node:net';
import type { Account } from '@rollcall/domain';
import { isPublicAddress } from './public-address.ts';

/** Whether a connection to this address, as text without brackets, may be opened. */
export type MayReach = (address: string) => boolean;

/**
 * Where no simulator lives and a cloud keeps its metadata: unspecified, link-local, multicast and the reserved top; the metadata
 * address that AWS has inside its private IPv6 range; and IPv6 that leads to IPv4 (NAT64, 6to4), which would lead there.
 */
const neverReached = new BlockList();
neverReached.addSubnet('0.0.0.0', 8, 'ipv4');
neverReached.addSubnet('169.254.0.0', 16, 'ipv4');
neverReached.addSubnet('224.0.0.0', 3, 'ipv4');
neverReached.addAddress('::', 'ipv6');
neverReached.addSubnet('fe80::', 10, 'ipv6');
neverReached.addSubnet('ff00::', 8, 'ipv6');
neverReached.addAddress('fd00:ec2::254', 'ipv6');
neverReached.addSubnet('64:ff9b::', 32, 'ipv6');
neverReached.addSubnet('2002::', 16, 'ipv6');

/** Public addresses, and private and loopback ones. IPv4 in the clothes of IPv6 is reached by its own name or not at all. */
function isPublicOrPrivate(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !neverReached.check(address, 'ipv4');
  if (family !== 6 || address.includes('%') || /^::ffff:/i.test(address)) return false;
  return !neverReached.check(address, 'ipv6');
}

/** An account's reach: `own` for calls to its base URL, `given` for URLs that its provider writes. */
interface Reach {
  readonly own: MayReach;
  readonly given: MayReach;
}

/**
 * Public addresses only (P12), unless the account says otherwise: `allow_insecure` lets both reach private ones, and a base URL that is
 * itself an address vouches for that one address, for its own calls.
 */
export function reachOf(account: Pick<Account, 'baseUrl' | 'allowInsecure'>): Reach {
  const given = account.allowInsecure ? isPublicOrPrivate : isPublicAddress;
  const literal = withoutBrackets(new URL(account.baseUrl).hostname);
  if (isIP(literal) === 0) return { own: given, given };
  return { own: (address) => address === literal || given(address), given };
}

/** A host as a URL has it, as an address: IPv6 without its brackets. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
