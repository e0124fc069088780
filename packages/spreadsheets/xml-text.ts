import { UnreadableWorkbook } from './unreadable-workbook.ts';

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** Whether text holds an `&`, that is, must be decoded. */
export function hasReference(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) if (bytes[position] === 0x26) return true;
  return false;
}

/** Replaces XML's five entities and character references; any other entity is refused. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12};?)/g, (_, body: string) => {
    const name = body.slice(0, -1);
    const known = body.endsWith(';') ? (named[name] ?? fromReference(name)) : undefined;
    if (known === undefined) {
      throw new UnreadableWorkbook('malformed', 'its XML names an entity that XML does not have');
    }
    return known;
  });
}

function fromReference(name: string): string | undefined {
  const match = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
  if (!match) return undefined;
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code > 0x10ffff || isSurrogate ? '\ufffd' : String.fromCodePoint(code);
}

/** The value of an attribute by its local name, or null. For small documents: it makes strings. */
export function attributeValue(tag: string, name: string): string | null {
  // Without the look behind, a tag of 64 KiB without `=` would be scanned again from each of its letters.
  for (const match of tag.matchAll(/(?<![\w.:-])([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    const local = (match[1] ?? '').slice((match[1] ?? '').indexOf(':') + 1);
    if (local === name) return decodeEntities(match[2] ?? match[3] ?? '');
  }
  return null;
}
