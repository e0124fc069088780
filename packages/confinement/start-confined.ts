import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { inFrame } from './frames.ts';
import { pathOfDescriptor, snapshotOf } from './program-snapshot.ts';
import { programSources } from './program-sources.ts';
import { wallsOfThisMachine } from './walls.ts';

export type Started = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

const heap_mebibytes = 96;
const flags = [
  // Nothing may be read, written, started or loaded but what is handed over open.
  '--permission',
  `--max-old-space-size=${heap_mebibytes}`,
  '--max-semi-space-size=8',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
];

/**
 * What the kernel holds, should nobody be there to look: no core dump (it would hold personal data), processor time, the data of the process (V8
 * reserves some 550 MB without using them), and the size of what it writes. Numbers as `ulimit` takes them: seconds, KiB, blocks of 512 bytes.
 */
const hardLimits = 'ulimit -c 0; ulimit -t 600; ulimit -d 1048576; ulimit -f 4718592';
const replacedBy = `{ ${hardLimits}; } 2>/dev/null; unset PWD OLDPWD; exec "$@"`;

/** What V8 and the kernel's refusals make it say at its end. Never shown: a stranger's bytes may be in it. */
const lastWords = new WeakMap<ChildProcess, string>();
const lastWordsMax = 4_096;
const outOfMemory = /out of memory|Allocation failed/i;

/** Starts what `confine` describes: shut in, with its program, before any request. */
export async function start(program: string, files: readonly number[]): Promise<Started> {
  const snapshot = snapshotOf(program);
  return snapshot === null
    ? await startFromText(program, files)
    : await startFromSnapshot(snapshot, files);
}

async function startFromText(program: string, files: readonly number[]): Promise<Started> {
  const sources = await programSources(program);
  const child = await spawnShut(['--input-type=module', '--eval', sources.start], files);
  child.stdin.write(inFrame(JSON.stringify(sources.program)));
  return child;
}

/** The snapshot comes behind the files of the program, which closes it (program-snapshot.ts). */
async function startFromSnapshot(snapshot: number, files: readonly number[]): Promise<Started> {
  const fd = firstFile + files.length;
  const beginning = `--snapshot-blob=${pathOfDescriptor(fd)}`;
  return await spawnShut([beginning, '--', String(fd)], [...files, snapshot]);
}

/** Behind the three that each process has. */
const firstFile = 3;

async function spawnShut(beginning: readonly string[], files: readonly number[]): Promise<Started> {
  const walls = await wallsOfThisMachine();
  const command = [...walls, process.execPath, ...flags, ...beginning];
  const child = spawn('/bin/sh', ['-c', replacedBy, 'sh', ...command], {
    cwd: '/',
    env: {},
    // A group of its own: an interrupt typed at a terminal is for us, who end it in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...files],
  }) as Started;
  // A process that died takes no more; its end says why.
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    lastWords.set(child, `${lastWords.get(child) ?? ''}${text}`.slice(-lastWordsMax));
  });
  if (child.pid === undefined) throw new Error('no process could be started');
  return child;
}

/** Whether its heap was full, as it said at its end. */
export function saidOutOfMemory(child: ChildProcess): boolean {
  return outOfMemory.test(lastWords.get(child) ?? '');
}
