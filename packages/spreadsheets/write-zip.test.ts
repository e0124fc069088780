import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { defaultWorkbookLimits, openArchive, openFileBytes, readMember } from './index.ts';
import { writeZip } from './write-zip.ts';

const fourGiB = 2 ** 32;

async function* members() {
  for (const name of ['a.xml', 'b/ä.xml']) yield { name, content: content(name) };
}

async function* content(text: string) {
  yield Buffer.from(text);
  yield Buffer.from(text);
}

test.each([
  ['near', 0],
  ['whose directory alone lies beyond 4 GiB', fourGiB - 100],
  ['that lies beyond 4 GiB', fourGiB + 7],
])('an archive %s is read back', async (_, start) => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-zip-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'far.zip');
  // A hole takes no room on the disk, so that 4 GiB need not be written.
  const file = await open(path, 'w');
  let position = start;
  for await (const piece of writeZip(members(), start)) {
    await file.write(piece, 0, piece.length, position);
    position += piece.length;
  }
  await file.close();
  const bytes = await openFileBytes({ path });
  const archive = await openArchive(bytes, defaultWorkbookLimits);
  const read: string[] = [];
  for (const [name, entry] of archive.members) {
    const text = await buffer(readMember(archive, entry, defaultWorkbookLimits));
    read.push(`${name}: ${text.toString()}`);
  }
  await bytes.close();
  expect(read).toEqual(['a.xml: a.xmla.xml', 'b/ä.xml: b/ä.xmlb/ä.xml']);
});
