import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '@rollcall/db';
import { startSimulator, type TestSimulator } from '@rollcall/testing';
import type { Lane } from './lane.ts';
import { patient } from './patient.ts';
import type { Happening } from '../check/timeline.ts';

/** What every episode has, whoever works in it: a fresh database, a simulator, a folder, and a memory of what was done. */
export interface Ground {
  readonly db: Database;
  /** The superuser's. */
  readonly databaseUrl: string;
  readonly simulator: TestSimulator;
  readonly folder: string;
  /** The TMPDIR of the workers. */
  readonly temporary: string;
  /** What was told, for timelines. */
  readonly happenings: readonly Happening[];
  tell(what: string): void;
}

/** Opens it on `opened`, whose disposal closes it in reverse. */
export async function openGround(
  opened: AsyncDisposableStack,
  lane: Lane,
  { run, say }: { readonly run: number; readonly say: (line: string) => void },
): Promise<Ground> {
  const folder = await mkdtemp(join(lane.folder, 'run-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const name = `run_${run}`;
  const databaseUrl = await lane.postgres.createDatabase(name);
  opened.defer(() => patient(() => lane.postgres.dropDatabase(name)));
  const db: Database = openDatabase({
    url: databaseUrl,
    maxConnections: 4,
    applicationName: 'rollcall storm',
    onIdleError: () => undefined,
  });
  opened.defer(() => db.close());
  const simulator = await startSimulator({ processingMsBase: 100, resultUrlExpiresSeconds: 3_600 });
  opened.defer(() => simulator.stop());
  const happenings: Happening[] = [];
  const tell = (what: string) => {
    happenings.push({ at: new Date(), what });
    say(what);
  };
  return { db, databaseUrl, simulator, folder, temporary, happenings, tell };
}
