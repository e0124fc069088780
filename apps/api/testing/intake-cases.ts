/**
 * Every case of the intake list with what it is answered, word for word as docs/intake.md has them: routes/intake-cases.test.ts sends each, and
 * holds the page to this list. Over 300 lines, since it is the list.
 */
import { gzipSync } from 'node:zlib';
import type { Body } from './post-job.ts';

export interface IntakeCase {
  readonly name: string;
  readonly send: Sent;
  /** As {@link describeAnswer} of the test says it. */
  readonly answer: string;
}

/** The file itself in the body, options in the query string; a JSON body; a form; or bytes on a connection, by hand. */
type Sent =
  | { readonly as: 'file'; readonly body: () => Body; readonly options?: Options }
  | { readonly as: 'json'; readonly body: () => string }
  | { readonly as: 'form'; readonly form: () => FormData }
  | { readonly as: 'bytes'; readonly head: Head; readonly bytes: () => Iterable<string | Buffer> }
  /** The bytes, and then one more each tenth of a second, or none. */
  | { readonly as: 'drip'; readonly head: Head; readonly bytes: string; readonly drop: string };

type Options = Readonly<Record<string, string>>;

/** Of a request by hand. Without a length it is sent in chunks. */
export interface Head {
  readonly contentType: string;
  readonly length?: number;
  readonly options?: boolean;
}

const said = { check: 'telegram', purpose: 'a test', requested_by: 'vitest' };
const number = '+447911123456';
const other = '+447911123457';

const file = (body: string | Buffer | (() => Body), options?: Options): Sent => ({
  as: 'file',
  body: typeof body === 'function' ? body : () => body as Body,
  ...(options && { options }),
});
const json = (members: object | string): Sent => ({
  as: 'json',
  body: () => (typeof members === 'string' ? members : JSON.stringify({ ...said, ...members })),
});
/** A JSON body whose array is written as it stands here. */
const jsonNumbers = (text: string): Sent =>
  json(`${JSON.stringify(said).slice(0, -1)},"numbers":${text}}`);
const form = (...parts: readonly [string, string | Blob, string?][]): Sent => ({
  as: 'form',
  form() {
    const data = new FormData();
    for (const [name, value] of Object.entries(said)) data.append(name, value);
    for (const [name, value, fileName] of parts) {
      if (typeof value === 'string') data.append(name, value);
      else data.append(name, value, fileName);
    }
    return data;
  },
});

/** Without end as far as a reader can tell: 200 MB of one text. */
function* twoHundredMegabytes(start: string, text: string): Generator<string | Buffer> {
  yield start;
  const piece = Buffer.alloc(1_000_000, text);
  for (let sent = 0; sent < 200; sent += 1) yield piece;
}

const part = (name: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"; filename="x"\r\n\r\n`;
const multipart = 'multipart/form-data; boundary=b';
const inGb = { default_region: 'GB' };
/** Lines of blanks: many bytes, and few records. */
const blanks = `${' '.repeat(99)}\n`;
/** A gzip of 50 MB of one text: 50 to 250 KB. */
const bomb = (text: string) => () => gzipSync(Buffer.alloc(50_000_000, text), { level: 1 }) as Body;

export const intakeCases: readonly IntakeCase[] = [
  { name: 'an empty file', send: file(''), answer: '422 `empty`' },
  { name: 'an empty JSON body', send: json(''), answer: '400 `malformed_request`' },
  { name: 'a form without a file', send: form(), answer: '422 `invalid_request`, `/file`' },
  { name: 'only blank lines', send: file('\n\r\n  \n\t\n'), answer: '422 `empty`' },
  { name: 'only a header', send: file('id,phone\n'), answer: '422 `empty`' },
  { name: 'only a byte-order mark', send: file('\ufeff'), answer: '422 `empty`' },
  {
    name: 'one line more than the limit',
    send: file(`${number}\n`.repeat(100_001)),
    answer: '413 `too_many_lines`, line 100001, `ROLLCALL_INTAKE_MAX_LINES`',
  },
  {
    name: "fewer numbers than the account's minimum",
    send: file(`${number}\n${other}\n`, { check: 'whatsapp' }),
    answer: '422 `too_few_numbers`',
  },
  {
    name: 'a 200 MB line without an end',
    send: {
      as: 'bytes',
      head: { contentType: 'text/csv', options: true },
      bytes: () => twoHundredMegabytes(`${number}\n`, '4'),
    },
    answer: '422 `line_too_long`, line 2, `ROLLCALL_INTAKE_MAX_LINE_BYTES`',
  },
  {
    name: 'a 200 MB text in a JSON array',
    send: {
      as: 'bytes',
      head: { contentType: 'application/json' },
      bytes: () => twoHundredMegabytes(`{"check":"telegram","numbers":["${number}","`, '4'),
    },
    answer: '422 `line_too_long`, line 2, `ROLLCALL_INTAKE_MAX_LINE_BYTES`',
  },
  {
    name: 'CRLF, CR and LF mixed',
    send: file(`${number}\r\n${other}\r+447911123458\n\r\n+447911123459`),
    answer: '202: 4 accepted',
  },
  { name: 'a byte-order mark', send: file(`\ufeff${number}\n`), answer: '202: 1 accepted' },
  {
    name: 'Latin-1 bytes',
    send: file(Buffer.from(`name;phone\nJos\u00e9;${number}\nM\u00fcller;x\n`, 'latin1')),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: 'UTF-16',
    send: file(Buffer.from(`\ufeff${number}\n`, 'utf16le')),
    answer: '415 `unsupported_format`',
  },
  {
    name: 'NUL inside a number',
    send: file(`+4479\u000011123456\n`),
    answer: '415 `unsupported_format`',
  },
  {
    name: 'NUL inside a number of a JSON array',
    send: jsonNumbers(`["+4479\\u000011123456","${other}"]`),
    answer: '202: 1 accepted; line 1 `not_a_number`',
  },
  {
    name: 'dashes, dots, brackets and spaces',
    send: file('+44 7911 123456\n+44-7911-123457\n+44.7911.123458\n+44 (0)7911 123459\n'),
    answer: '202: 4 accepted',
  },
  { name: 'the prefix 00', send: file('00447911123456\n'), answer: '202: 1 accepted' },
  { name: 'no +', send: file('447911123456\n'), answer: '202: 1 accepted' },
  {
    name: 'national format with a default region',
    send: file('07911 123456\n', inGb),
    answer: '202: 1 accepted',
  },
  {
    name: 'national format without a default region',
    send: file(`${other}\n07911 123456\n`),
    answer: '202: 1 accepted; line 2 `not_international`',
  },
  {
    name: 'an extension, `x12`',
    send: file(`${other}\n+447911123456 x12\n`),
    answer: '202: 2 accepted',
  },
  {
    name: 'vanity letters',
    send: file(`${other}\n+1800FLOWERS\n`),
    answer: '202: 1 accepted; line 2 `too_short`',
  },
  { name: '`447911123456.0`', send: file('447911123456.0\n'), answer: '202: 1 accepted' },
  { name: "`'+44…`", send: file(`'${number}\n`), answer: '202: 1 accepted' },
  {
    name: '`=HYPERLINK("http://x")`',
    send: file(`phone,x\n${other},1\n"=HYPERLINK(""http://x"")",1\n`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: '`@SUM`',
    send: file(`${other}\n@SUM(1)\n`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  { name: 'a tab first', send: file(`\t${number}\n`), answer: '202: 1 accepted' },
  {
    name: 'more than 15 digits',
    send: file(`${other}\n+4479111234567890\n`),
    answer: '202: 1 accepted; line 2 `too_long`',
  },
  {
    name: 'fewer than 7 digits',
    send: file(`${other}\n+44791\n`),
    answer: '202: 1 accepted; line 2 `too_short`',
  },
  {
    name: '112 and 999',
    send: file(`${other}\n112\n999\n`, inGb),
    answer: '202: 1 accepted; line 2 `too_short`; line 3 `too_short`',
  },
  {
    name: '`-447911123456`',
    send: file(`${other}\n-447911123456\n`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: 'an unbalanced quote, and lines behind it without end',
    send: file(`name,phone\n"Ada,${number}\n${`Bob,${other}\n`.repeat(200_000)}`),
    answer: '422 `unbalanced_quote`, line 1',
  },
  {
    name: 'an unbalanced quote near the end',
    send: file(`name,phone\nAda,${number}\n"Bob,${other}\n`),
    answer: '422 `unbalanced_quote`, line 2',
  },
  {
    name: '; as separator',
    send: file(`name;phone\nAda;${number}\n`),
    answer: '202: 1 accepted',
  },
  {
    name: 'a tab as separator',
    send: file(`name\tphone\nAda\t${number}\n`),
    answer: '202: 1 accepted',
  },
  {
    name: 'quoted newlines',
    send: file(`name,phone\n"Ada\nLovelace",${number}\n"Bob\r\n",${other}\n`),
    answer: '202: 2 accepted',
  },
  {
    name: 'JSON nested 10,000 deep, beside the numbers',
    send: json(
      `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)},"check":"telegram","purpose":"p","requested_by":"r","numbers":["${number}"]}`,
    ),
    answer: '422 `invalid_request`, `/name`',
  },
  {
    name: 'JSON nested 10,000 deep, as a number',
    send: jsonNumbers(`["${other}",${'['.repeat(10_000)}${']'.repeat(10_000)}]`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: 'JSON nested 10,000 deep, and never closed',
    send: jsonNumbers(`["${other}",${'['.repeat(10_000)}`),
    answer: '422 `not_json`, line 2',
  },
  {
    name: '1e400 as a number',
    send: jsonNumbers(`["${other}",1e400]`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: '1e400 as an option',
    send: json(`{"priority":1e400,"check":"telegram","numbers":["${number}"]}`),
    answer: '422 `invalid_request`, `/purpose`, `/requested_by`, `/priority`',
  },
  {
    name: 'a lone surrogate in a number',
    send: jsonNumbers(`["${other}","${number}\\ud800"]`),
    answer: '202: 1 accepted; line 2 `not_a_number`',
  },
  {
    name: 'a lone surrogate in an option',
    send: json(
      `{"check":"telegram","purpose":"a \\ud800","requested_by":"r","numbers":["${number}"]}`,
    ),
    answer: '422 `invalid_request`, `/purpose`',
  },
  {
    name: 'a number instead of a text',
    send: jsonNumbers('[447911123456]'),
    answer: '202: 1 accepted',
  },
  {
    name: 'an option as a number',
    send: json({ purpose: 5, numbers: [number] }),
    answer: '422 `invalid_request`, `/purpose`',
  },
  {
    name: '`__proto__` as an option',
    send: json(
      `{"__proto__":{"check":"telegram"},"purpose":"p","requested_by":"r","numbers":["${number}"]}`,
    ),
    answer: '422 `invalid_request`, `/check`, `/(unreadable)`',
  },
  {
    name: 'a gzip bomb of blank lines',
    send: file(bomb(blanks)),
    answer: '413 `too_many_bytes`, `ROLLCALL_INTAKE_MAX_BYTES`',
  },
  {
    name: 'a gzip bomb of one line',
    send: file(bomb('4')),
    answer: '422 `line_too_long`, line 1, `ROLLCALL_INTAKE_MAX_LINE_BYTES`',
  },
  {
    name: 'gzip within gzip',
    send: file(gzipSync(gzipSync(`${number}\n`))),
    answer: '415 `unsupported_format`',
  },
  {
    name: 'a cut gzip',
    send: file(gzipSync(`${number}\n`.repeat(99)).subarray(0, -6)),
    answer: '422 `bad_gzip`',
  },
  {
    name: 'a file name `../../etc/x`',
    send: form(['file', new Blob([`${number}\n`]), '../../etc/x']),
    answer: '202: 1 accepted',
  },
  {
    name: 'a file name of 10,000 characters',
    send: form(['file', new Blob([`${number}\n`]), 'x'.repeat(10_000)]),
    answer: '202: 1 accepted',
  },
  {
    name: 'two files',
    send: form(['file', new Blob([`${number}\n`])], ['file', new Blob([`${other}\n`])]),
    answer: '422 `invalid_request`, `/file`',
  },
  {
    name: 'a field of more than 4,096 bytes',
    send: form(['name', 'x'.repeat(4_097)], ['file', new Blob([`${number}\n`])]),
    answer: '422 `invalid_request`, `/name`',
  },
  {
    name: 'a hundred fields',
    send: form(...Array.from({ length: 100 }, (_, at): [string, string] => [`f${at}`, 'x']), [
      'file',
      new Blob([`${number}\n`]),
    ]),
    answer: '413 `body_too_large`',
  },
  {
    name: 'a part whose head has 100 lines',
    send: {
      as: 'bytes',
      head: { contentType: multipart },
      bytes: () => [
        `--b\r\n${'x-a: b\r\n'.repeat(100)}content-disposition: form-data; name="file"; filename="x"\r\n\r\n${number}\r\n--b--\r\n`,
      ],
    },
    answer: '422 `invalid_request`, `/check`, `/purpose`, `/requested_by`, `/file`',
  },
  {
    name: 'a part that never ends',
    send: {
      as: 'bytes',
      head: { contentType: multipart },
      bytes: () => twoHundredMegabytes(part('file'), blanks),
    },
    answer: '413 `too_many_bytes`, `ROLLCALL_INTAKE_MAX_BYTES`',
  },
  {
    name: 'a form that never comes to its first part',
    send: {
      as: 'drip',
      head: { contentType: multipart },
      bytes: '',
      drop: 'x'.repeat(1_000_000),
    },
    answer: '413 `body_too_large`, `ROLLCALL_INTAKE_MAX_BYTES`',
  },
  {
    name: 'a form cut before its last boundary',
    send: {
      as: 'bytes',
      head: { contentType: multipart, length: 90 },
      bytes: () => [`${part('file')}${number}\n`.padEnd(90, '1')],
    },
    answer: '400 `malformed_request`',
  },
  {
    name: 'a Content-Length above the limit',
    send: {
      as: 'bytes',
      head: { contentType: 'text/csv', length: 9_000_000, options: true },
      bytes: () => [`${number}\n`],
    },
    answer: '413 `body_too_large`, `ROLLCALL_INTAKE_MAX_BYTES`',
  },
  {
    name: 'a Content-Length larger than what comes',
    send: {
      as: 'drip',
      head: { contentType: 'text/csv', length: 9_999, options: true },
      bytes: `${number}\n`,
      drop: '',
    },
    answer: '408 `upload_too_slow`, `ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND`',
  },
  {
    name: 'a byte now and then',
    send: {
      as: 'drip',
      head: { contentType: 'text/csv', length: 9_999, options: true },
      bytes: `${number}\n`,
      drop: '1',
    },
    answer: '408 `upload_too_slow`, `ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND`',
  },
  {
    name: 'a byte of a form now and then',
    send: {
      as: 'drip',
      head: { contentType: multipart, length: 9_999 },
      bytes: `${part('file')}${number}\n`,
      drop: '1',
    },
    answer: '408 `upload_too_slow`, `ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND`',
  },
  {
    name: 'a byte of JSON now and then',
    send: {
      as: 'drip',
      head: { contentType: 'application/json', length: 9_999 },
      bytes: `{"check":"telegram","numbers":["${number}",`,
      drop: ' ',
    },
    answer: '408 `upload_too_slow`, `ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND`',
  },
];
