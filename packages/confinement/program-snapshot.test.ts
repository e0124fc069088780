import { open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { confine } from './confine.ts';
import { prepareProgram, snapshotOf } from './program-snapshot.ts';

test('a program of which no snapshot can be made starts from its text', async () => {
  const program = join(tmpdir(), 'waits-at-its-top.mjs');
  await writeFile(program, "await 0;\nexport async function* run() { yield Buffer.from('here'); }");
  const path = join(tmpdir(), 'snapshot');
  const file = await open(path, 'wx+');
  await rm(path);
  await expect(prepareProgram(program, file)).rejects.toThrow('could not be kept');
  expect(snapshotOf(program)).toBeNull();
  await expect(file.stat()).rejects.toMatchObject({ code: 'EBADF' });
  const messages = confine(program, []).run('', { processorTime_ms: 60_000 });
  expect(await messages.next()).toMatchObject({ value: Buffer.from('here') });
  await messages.return(undefined as never);
  await rm(program);
});
