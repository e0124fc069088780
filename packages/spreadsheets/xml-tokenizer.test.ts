import { expect, test } from 'vitest';
import { decodeEntities } from './xml-text.ts';
import { XmlTokenizer } from './xml-tokenizer.ts';

const document =
  '<?xml version="1.0"?><!-- <a> --><x:a b="1>2" c=\'"/>\'>t&amp;1<d/><e f="g" />u<!---->v<![CDATA[<w>]]></x:a >\n';
const events = [
  'open a b="1>2" c=\'"/>\'',
  'text t&1',
  'open d ',
  'close d',
  'open e f="g"',
  'close e',
  'text u',
  'text v',
  'text <w>',
  'close a',
];

function eventsOf(pieces: readonly Buffer[]): readonly string[] {
  const told: string[] = [];
  const tokenizer = new XmlTokenizer({
    open: (bytes, start, end, tagEnd) => {
      const attributes = bytes.toString('utf8', end, tagEnd).trim();
      told.push(`open ${bytes.toString('utf8', start, end)} ${attributes}`);
    },
    close: (bytes, start, end) => {
      told.push(`close ${bytes.toString('utf8', start, end)}`);
    },
    text: (bytes, start, end, _beforeClose, isRaw) => {
      const text = bytes.toString('utf8', start, end);
      told.push(`text ${isRaw ? text : decodeEntities(text)}`);
    },
  });
  for (const piece of pieces) tokenizer.push(piece);
  tokenizer.end();
  return told;
}

test('events are the same wherever the document is divided', () => {
  const bytes = Buffer.from(document);
  for (let at = 0; at <= bytes.length; at++) {
    expect(eventsOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(events);
  }
});

test('events are the same when bytes come one by one', () => {
  expect(eventsOf([...Buffer.from(document)].map((byte) => Buffer.of(byte)))).toEqual(events);
});

test('a document that is cut anywhere before its end is refused', () => {
  const bytes = Buffer.from(document.trim());
  for (let length = 0; length < bytes.length; length++) {
    expect(() => eventsOf([bytes.subarray(0, length)])).toThrow('ends before it is closed');
  }
});

test.each([
  ['&lt;&gt;&amp;&quot;&apos;', '<>&"\''],
  ['&#65;&#x1F600;', 'A\u{1f600}'],
  ['&#xD800;&#x110000;', '\ufffd\ufffd'],
  ['plain', 'plain'],
])('%s decodes', (text, decoded) => {
  expect(decodeEntities(text)).toBe(decoded);
});

test.each(['&nbsp;', '&', 'a & b', '&amp', '&#;', '&#x;', '&&amp;', '&toolongtobeanentity;'])(
  '%s is refused',
  (text) => {
    expect(() => decodeEntities(text)).toThrow('an entity');
  },
);

test.each(['<a><b></a></b>', '<a><b></c></a>', '<a></a></a>', '<a>'.repeat(200)])(
  'tags that do not match, or nest without end, are refused: %s',
  (text) => {
    expect(() => eventsOf([Buffer.from(text)])).toThrow(/not opened|too deep/);
  },
);
