import { tmpdir } from 'node:os';
import { openNamelessFile } from '@rollcall/results';
import { intakeCase, splitterCase } from './intake-case.ts';
import { Random } from './random.ts';
import { type CaseOutcome, resultCase } from './result-case.ts';

// A program: `node run-cases.ts SEED FIRST SECONDS [ONLY]` reads one damaged file after the other and tells its parent, over IPC, which case begins and what came
// of it. It may hang, die or fill its memory: its parent looks.

/** What it tells. */
export type Told =
  | { readonly begins: number }
  | {
      readonly ended: number;
      readonly kind: string;
      readonly label: string;
      readonly wrong: string | null;
    };

const [seed = '1', first = '0', seconds = '1', only] = process.argv.slice(2);
const file = await openNamelessFile(tmpdir());
const until = only === undefined ? performance.now() + Number(seconds) * 1_000 : 0;

let number = Number(first);
do {
  tell({ begins: number });
  const { kind, label, wrong } = await one(new Random(`${seed}/${number}`));
  tell({ ended: number, kind, label, wrong });
  // Whoever reads what was told gets its turn.
  if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  number += 1;
} while (performance.now() < until);
await file.close();
process.disconnect();

async function one(random: Random): Promise<CaseOutcome> {
  const of = random.below(10);
  try {
    if (of < 6) return await resultCase(random, file.fd);
    return of < 9 ? await intakeCase(random) : await splitterCase(random);
  } catch (error) {
    const wrong = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'thrown', label: 'thrown', bytes: new Uint8Array(), wrong };
  }
}

function tell(told: Told): void {
  process.send?.(told);
}
