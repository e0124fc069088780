import { createHmac } from 'node:crypto';
import { digestStarts, startOf } from './digest-start.ts';

/** A secret under which numbers are digested; entries say by `id` which one made them. */
export interface NumberSecret {
  readonly id: string;
  readonly secret: string;
}

/** A number as lists keep it: a plain hash of a phone number is found again by trying all numbers, so it is keyed. */
export interface NumberDigest {
  readonly secretId: string;
  readonly digest: Buffer;
}

/** Digests numbers under every secret that is configured: the current one, and those that it took the place of. */
export interface NumberDigests {
  /** The first of the list, or null where none is configured. New entries are made under it. */
  readonly currentId: string | null;
  readonly ids: readonly string[];
  /** HMAC-SHA-256 of `+` and the digits, under one secret. Throws for a secret that is not configured. */
  digest(secretId: string, number: number): Buffer;
  /** The first 52 bits of that, for one number after the other, quickly: `startOf` tells them of a digest. Throws as `digest` does. */
  starts(secretId: string): (number: number) => number;
  /** Digests under every secret, the current one first. */
  all(number: number): readonly NumberDigest[];
  /** HMAC-SHA-256 of a file's SHA-256 under the current secret: who has both can tell whether a file was that one. Throws without a secret. */
  seal(sha256: Uint8Array): NumberDigest;
  /** What shows that two processes mean the same secret by an id, and tells nothing of it. */
  fingerprint(secretId: string): Buffer;
}

export function numberDigests(secrets: readonly NumberSecret[]): NumberDigests {
  const makers = new Map(
    secrets.map(({ id, secret }) => {
      const digest = (text: string) => createHmac('sha256', secret).update(text).digest();
      return [id, { digest, start: digestStarts(secret) }];
    }),
  );
  for (const { digest, start } of makers.values()) {
    if (start(known) !== startOf(digest(`+${known}`))) throw new Error('two ways to digest differ');
  }
  const ids = [...makers.keys()];
  const makerOf = (id: string) => {
    const maker = makers.get(id);
    if (maker === undefined) throw new Error(`no suppression secret ${id} is configured`);
    return maker;
  };
  return {
    currentId: ids[0] ?? null,
    ids,
    digest: (id, number) => makerOf(id).digest(`+${number}`),
    starts: (id) => makerOf(id).start,
    all: (number) => ids.map((id) => ({ secretId: id, digest: makerOf(id).digest(`+${number}`) })),
    seal: (sha256) => {
      const [secretId = 'at all'] = ids;
      return { secretId, digest: makerOf(secretId).digest(Buffer.from(sha256).toString('hex')) };
    },
    fingerprint: (id) => makerOf(id).digest('rollcall suppression secret'),
  };
}

/** A number that both ways to digest are tried with, at every start: no one's, of the range for films and books. */
const known = 447_700_900_123;
