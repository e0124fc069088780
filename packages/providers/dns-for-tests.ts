import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { isIP, type LookupFunction } from 'node:net';

/** An address, or `{ cname }` for the name that an address is to be asked of. */
type DnsAnswer = string | { readonly cname: string };

export interface TinyDns {
  /** Looks names up at this server alone, by A and AAAA, as a connector asks. */
  readonly lookup: LookupFunction;
  /** Names that were asked, in order, each with the kind of record. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const kinds = { A: 1, CNAME: 5, AAAA: 28 } as const;
const noSuchName = 3;

/**
 * A name server over UDP that answers with what `answer` says of a name; `time` counts how often its address of this kind was asked
 * before, so that an answer can change between two look-ups. Nothing: there is no such name.
 */
export async function openTinyDns(
  answer: (name: string, time: number) => readonly DnsAnswer[],
): Promise<TinyDns> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const question = readQuestion(message);
    if (question === null) return;
    const { name, kind } = question;
    const key = `${kind} ${name}`;
    const time = asked.filter((earlier) => earlier === key).length;
    asked.push(key);
    socket.send(replyTo(message, question, recordsOf(name, kind, time, answer)), from.port);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolver.resolve4(hostname, (noIpv4, ipv4) => {
      resolver.resolve6(hostname, (noIpv6, ipv6) => {
        const all = [
          ...(noIpv4 === null ? ipv4 : []).map((address) => ({ address, family: 4 })),
          ...(noIpv6 === null ? ipv6 : []).map((address) => ({ address, family: 6 })),
        ];
        const [first] = all;
        if (first === undefined) callback(notFound(hostname), []);
        else if (options.all) callback(null, all);
        else callback(null, first.address, first.family);
      });
    });
  };
  return {
    lookup,
    asked,
    async close() {
      resolver.cancel();
      socket.close();
      await once(socket, 'close');
    },
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address of ${hostname}`), { code: 'ENOTFOUND' });
}

interface Question {
  readonly name: string;
  readonly kind: 'A' | 'AAAA';
  readonly length: number;
}

interface DnsRecord {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  readonly data: Buffer;
}

function readQuestion(message: Buffer): Question | null {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const kind = message.readUInt16BE(at + 1);
  if (kind !== kinds.A && kind !== kinds.AAAA) return null;
  const name = labels.join('.').toLowerCase();
  return { name, kind: kind === kinds.A ? 'A' : 'AAAA', length: at + 5 - 12 };
}

/** The records of a name, those of the names that it leads to included, as a resolver that recurses gives them. */
function recordsOf(
  name: string,
  kind: 'A' | 'AAAA',
  time: number,
  answer: (name: string, time: number) => readonly DnsAnswer[],
): DnsRecord[] {
  return answer(name, time).flatMap((one): DnsRecord[] => {
    if (typeof one !== 'string') {
      const led = { name, kind: 'CNAME', data: nameBytes(one.cname) } as const;
      return [led, ...recordsOf(one.cname, kind, time, answer)];
    }
    if (isIP(one) !== (kind === 'A' ? 4 : 6)) return [];
    return [{ name, kind, data: kind === 'A' ? ipv4Bytes(one) : ipv6Bytes(one) }];
  });
}

function replyTo(message: Buffer, question: Question, records: readonly DnsRecord[]): Buffer {
  const head = Buffer.from(message.subarray(0, 12 + question.length));
  head.writeUInt16BE(0x8180 | (records.length === 0 ? noSuchName : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([
    head,
    ...records.flatMap(({ name, kind, data }) => {
      const fixed = Buffer.alloc(10);
      fixed.writeUInt16BE(kinds[kind], 0);
      fixed.writeUInt16BE(1, 2);
      fixed.writeUInt16BE(data.length, 8);
      return [nameBytes(name), fixed, data];
    }),
  ]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.of(label.length), label]),
    Buffer.of(0),
  ]);
}

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Of an address in any of its spellings but that with a zone; `::ffff:127.0.0.1` too. */
function ipv6Bytes(address: string): Buffer {
  const dotted = /(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const hex = dotted
    ? `${dotted[1]}${ipv4Bytes(dotted[2] ?? '').toString('hex', 0, 2)}:${ipv4Bytes(dotted[2] ?? '').toString('hex', 2)}`
    : address;
  const [head = '', tail] = hex.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros =
    tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from(
    [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
}
