import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/**
 * A certificate authority and a server's certificate of it, made for one test and good for an hour. Node reads X.509 and does not write
 * it, so this writes the little DER (ITU-T X.690) that the two need: version 3, ECDSA on P-256, names, and the extensions that TLS asks for.
 */
interface TestCertificate {
  /** PEM, to be trusted. */
  readonly authority: string;
  /** PEM, for a server. */
  readonly cert: string;
  readonly key: string;
}

/** For these DNS names. */
export function makeCertificate(names: readonly string[]): TestCertificate {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = distinguishedName('Rollcall test authority');
  const isAuthority = extension('551d13', true, sequence(der(0x01, Buffer.of(0xff))));
  const alternativeNames = extension(
    '551d11',
    false,
    sequence(...names.map((name) => der(0x82, Buffer.from(name, 'latin1')))),
  );
  return {
    authority: certificate(
      issuer,
      issuer,
      authority.publicKey,
      authority.privateKey,
      1,
      isAuthority,
    ),
    cert: certificate(
      issuer,
      distinguishedName('Rollcall test server'),
      server.publicKey,
      authority.privateKey,
      2,
      alternativeNames,
    ),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
const hour_ms = 3_600_000;

function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  serial: number,
  itsExtension: Buffer,
): string {
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(serial)),
    ecdsaWithSha256,
    issuer,
    sequence(time(Date.now() - hour_ms), time(Date.now() + hour_ms)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(itsExtension)),
  );
  const signature = sign('sha256', toBeSigned, signer);
  const whole = sequence(
    toBeSigned,
    ecdsaWithSha256,
    der(0x03, Buffer.concat([Buffer.of(0), signature])),
  );
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** A value with its tag and length. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes, content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function distinguishedName(commonName: string): Buffer {
  const type = der(0x06, Buffer.from('550403', 'hex'));
  return sequence(der(0x31, sequence(type, der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [der(0x01, Buffer.of(0xff))] : [];
  return sequence(der(0x06, Buffer.from(id, 'hex')), ...critical, der(0x04, value));
}

/** GeneralizedTime, in seconds. */
function time(at_ms: number): Buffer {
  const text = new Date(at_ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(text));
}
