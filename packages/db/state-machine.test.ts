import { readFile } from 'node:fs/promises';
import {
  attemptEdges,
  attemptOutcomes,
  blockedReasons,
  chunkEdges,
  chunkStates,
  finalChunkStates,
  finalJobStates,
  heldReasons,
  jobEdges,
  jobStates,
  type Money,
} from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptTask } from './sql/adopt-task.ts';
import { giveUp, keepPolling, payAgain, replayArtifact } from './sql/decide-held.ts';
import { future_ms } from './testing/answers.ts';
import { type Ground, layGround, newId } from './testing/ground.ts';
import { archive, readyChunk, startIngest, untilResult } from './testing/walk-chunk.ts';

/** docs/state-machine.md, the domain and the database draw the same machines. */

let ground: Ground;
let document = '';
beforeAll(async () => {
  ground = await layGround();
  const formatted = await readFile(new URL('../../docs/state-machine.md', import.meta.url), 'utf8');
  // The formatter pads the cells of tables.
  document = formatted.replaceAll(/(?<=^\|.*) +(?=.*\|$)/gm, ' ');
});
afterAll(() => ground.close());

function section(title: string): string {
  const [, body = ''] = document.split(`\n## ${title}\n`);
  return body.split('\n## ')[0] ?? '';
}

interface Drawn {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

function drawnIn(title: string): readonly Drawn[] {
  return [...section(title).matchAll(/^ {2}(\S+) --> (\S+?)(?:: (.*))?$/gm)].map(
    ([, from = '', to = '', label = '']) => ({ from, to, label }),
  );
}
const edgesIn = (title: string) =>
  drawnIn(title).filter(({ from, to }) => from !== '[*]' && to !== '[*]');

/** The rows of the table whose header begins with `head`, by their first cell. */
function tableIn(title: string, head: string): Map<string, readonly string[]> {
  const [, rest = ''] = section(title).split(`\n| ${head} |`);
  const lines = rest.split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return new Map(
    lines.slice(0, end < 0 ? undefined : end).map((line) => {
      const [, first = '', ...cells] = line.split('|').map((cell) => cell.trim());
      return [first.replaceAll('`', ''), cells.slice(0, -1)];
    }),
  );
}

const plain = (edges: readonly { from: string; to: string }[]) =>
  edges.map(({ from, to }) => `${from} → ${to}`).toSorted();

async function edgesOfTable(table: string): Promise<string[]> {
  const { rows } = await ground.db.query<{ from: string; to: string }>(
    `SELECT from_state AS from, to_state AS to FROM store.${table}`,
  );
  return plain(rows);
}

test('no label holds what would end it for mermaid', () => {
  for (const { when } of [...chunkEdges, ...jobEdges]) expect(when).not.toMatch(/[:;]/);
});

describe('a chunk', () => {
  test('has the same labelled edges in the document and in the domain', () => {
    expect(edgesIn('Chunk')).toEqual(
      chunkEdges.map(({ from, to, when }) => ({ from, to, label: when })),
    );
  });

  test('has the same edges in the database', async () => {
    expect(await edgesOfTable('chunk_edges')).toEqual(plain(chunkEdges));
  });

  test('ends where it is drawn to end', () => {
    const ends = drawnIn('Chunk').filter(({ to }) => to === '[*]');
    expect(ends.map(({ from }) => from)).toEqual(finalChunkStates);
  });

  test('has somebody in each state who moves it next', () => {
    const movers = tableIn('Chunk', 'chunk is');
    expect(Object.fromEntries([...movers].map(([state, [mover]]) => [state, mover]))).toEqual(
      chunkStates,
    );
  });

  test('has something in the document that ends each reason to be blocked', () => {
    expect([...tableIn('Chunk', 'blocked for').keys()]).toEqual(blockedReasons);
  });

  test('has the domain’s reasons in the database, and no others', async () => {
    const { rows } = await ground.db.query<{ definition: string }>(
      "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'known_reason'",
    );
    const quoted = [...(rows[0]?.definition ?? '').matchAll(/'(\w+)'::text/g)].map(
      ([, word = '']) => word,
    );
    const stateWords = ['blocked', 'held', 'rejected'];
    expect(quoted.filter((word) => !stateWords.includes(word)).toSorted()).toEqual(
      [...blockedReasons, ...heldReasons].toSorted(),
    );
  });

  const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'test' };
  /** In the order of the document's columns; each on a held chunk that has all it could need. */
  const decisions: readonly ((chunkId: string, taskId: string) => Promise<{ kind: string }>)[] = [
    (chunkId, taskId) => adoptTask(ground.db, chunkId, taskId, future_ms, person),
    (chunkId) =>
      payAgain(
        ground.db,
        chunkId,
        { id: newId.approval(), costCeiling: (10n ** 9n) as Money, liftedTo: 'written_off' },
        person,
      ),
    (chunkId) => keepPolling(ground.db, chunkId, future_ms, person),
    (chunkId) => replayArtifact(ground.db, chunkId, person),
    (chunkId) => giveUp(ground.db, chunkId, person),
  ];

  test.each(heldReasons)(
    'held for %s takes the decisions of the document and no others',
    async (reason) => {
      const taken: string[] = [];
      for (const decide of decisions) {
        const { chunkId } = await readyChunk(ground);
        await untilResult(ground, chunkId);
        await archive(ground, await startIngest(ground, chunkId));
        await ground.db.query(
          "UPDATE store.chunks SET state = 'held', reason = $2, due_at = NULL WHERE id = $1",
          [chunkId, reason],
        );
        const { rows } = await ground.db.query<{ task_id: string }>(
          'SELECT task_id FROM store.attempts WHERE chunk_id = $1',
          [chunkId],
        );
        const { kind } = await decide(chunkId, rows[0]?.task_id ?? '');
        taken.push(kind === 'decided' ? 'yes' : '');
      }
      expect(taken).toEqual(
        tableIn('Chunk', 'held for | adopt | pay again | keep polling | replay | give up').get(
          reason,
        ),
      );
    },
  );
});

describe('an attempt', () => {
  test('has the same edges in the document and in the domain, approvals included', () => {
    expect(edgesIn('Attempt')).toEqual(
      attemptEdges.map(({ from, to, needsApproval }) => ({
        from,
        to,
        label: needsApproval ? 'with an approval' : '',
      })),
    );
  });

  test('has its money somewhere in each state', () => {
    expect([...tableIn('Attempt', 'attempt is | its money is | why').keys()]).toEqual(
      attemptOutcomes,
    );
  });
});

describe('a job', () => {
  test('has the same labelled edges in the document and in the domain', () => {
    expect(edgesIn('Job')).toEqual(
      jobEdges.map(({ from, to, when }) => ({ from, to, label: when })),
    );
  });

  test('has the same edges in the database', async () => {
    expect(await edgesOfTable('job_edges')).toEqual(plain(jobEdges));
  });

  test('ends where it is drawn to end', () => {
    const ends = drawnIn('Job').filter(({ to }) => to === '[*]');
    expect(ends.map(({ from }) => from)).toEqual(finalJobStates);
  });

  test('has somebody in each state who moves it next', () => {
    const movers = tableIn('Job', 'job is');
    expect(Object.fromEntries([...movers].map(([state, [mover]]) => [state, mover]))).toEqual(
      jobStates,
    );
  });
});
