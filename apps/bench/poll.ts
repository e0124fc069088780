import { type Database, openDatabase } from '@rollcall/db';
import type { Account } from '@rollcall/domain';
import type { Bench } from './bench.ts';
import { openGround } from './ground/open-ground.ts';
import type { Measurement } from './measurement.ts';
import { type Family, makeTasks } from './poll/make-tasks.ts';
import { type Played, type Poller, playPolls } from './poll/play-polls.ts';

/** Highest mean lag, as a share of a task's duration. */
const bars: Readonly<Record<Family, number>> = {
  fixed: 0.05,
  'log-normal': 0.05,
  slower: 0.15,
  faster: 0.15,
};
const families: readonly Family[] = ['fixed', 'log-normal', 'slower', 'faster'];
/** A mean: at σ 0.25 no plan of looks has 5 % of lag and ten calls for every task. */
const callsBar = 10;
const check = 'telegram';
const seed = 20_261_122;
/** Of the webcom adapter. */
const webcomIds = 200;

/** As shipped, but for the floor: the bar has tasks of seconds. */
const waits: Account['poll'] = { floor_ms: 1_000, ceiling_ms: 3_600_000, deadline_ms: 1e12 };

/**
 * When looks are planned and what is learned, by the functions and the statements of the product, on a simulated clock. The floor is an oracle that asks once, at the end of each task. The provider
 * tells nothing of its progress, and nothing is known at the start; at mid-run the process is restarted.
 */
export const poll: Bench = {
  name: 'poll',
  about:
    'how late ends are noticed on a simulated clock, as a share of durations, against an oracle that asks at the end',
  async run({ numbers = 500, tell }) {
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const measured: Measurement[] = [];
    const measure = async (name: string, family: Family, tasksPerCall: number) => {
      const url = await ground.freshDatabase();
      const account = `bench-${family}`;
      await ground.query(
        url,
        "INSERT INTO store.account_states (account, provider_origin, adapter, currency) VALUES ($1, 'http://127.0.0.1', 'tasks-v1', 'USD')",
        [account],
      );
      const tasks = makeTasks(family, numbers, seed);
      const played = await withPoller(url, account, (poller) =>
        playPolls(tasks, poller, tasksPerCall),
      );
      measured.push(measurementOf(name, family, played, tell));
      return played;
    };
    for (const family of families) await measure(`poll ${family}`, family, 1);
    const many = await measure('poll many in a call', 'log-normal', webcomIds);
    tell(`many in a call: ${many.calls} calls, at most ${many.mostCallsInATick} a tick`);
    return measured;
  },
};

function measurementOf(
  name: string,
  family: Family,
  { tasks, mostCallsInATick }: Played,
  tell: (line: string) => void,
): Measurement {
  const mean = (of: (task: Played['tasks'][number]) => number) =>
    tasks.reduce((sum, task) => sum + of(task), 0) / tasks.length;
  const lag = mean((task) => task.lag);
  const calls = mean((task) => task.calls);
  const most = tasks.reduce((so, task) => Math.max(so, task.calls), 0);
  const lags = tasks.map((task) => task.lag).toSorted((a, b) => a - b);
  const ninetyFifth = lags[Math.floor(lags.length * 0.95)] ?? Number.NaN;
  tell(
    `${name}: lag ${percent(lag)} (95 of 100 below ${percent(ninetyFifth)}), ${calls.toFixed(1)} calls a task, at most ${most}`,
  );
  const oneACall = name === 'poll many in a call';
  const bar = `lag ≤ ${percent(bars[family])} of a duration; ${oneACall ? '≤ 1 call a tick' : `≤ ${callsBar} calls a task`}`;
  return {
    name,
    numbers: tasks.length,
    seconds: mean((task) => task.noticed_ms) / 1_000,
    floor_seconds: mean((task) => task.noticed_ms / (1 + task.lag)) / 1_000,
    ratio: lag,
    rate_per_s: null,
    peak_rss_mb: {},
    bar,
    ok: lag <= bars[family] && (oneACall ? mostCallsInATick <= 1 : calls <= callsBar),
  };
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

async function withPoller<T>(
  url: string,
  id: string,
  work: (poller: Poller) => Promise<T>,
): Promise<T> {
  const connect = (): Database =>
    openDatabase({
      url,
      maxConnections: 1,
      applicationName: 'rollcall bench',
      onIdleError: () => undefined,
    });
  let database = connect();
  try {
    return await work({
      account: accountOf(id),
      check,
      db: () => database,
      async restart() {
        await database.close();
        database = connect();
      },
    });
  } finally {
    await database.close();
  }
}

function accountOf(id: string): Account {
  return {
    id,
    adapter: 'tasks-v1',
    baseUrl: 'http://127.0.0.1',
    currency: 'USD',
    operatedBy: 'default',
    checks: {},
    pace: { requestsPerSecond: 5, uploadsInFlight: 2 },
    poll: waits,
    upload_deadline_ms: 20_000,
    download_deadline_ms: 600_000,
    maxResultBytes: 268_435_456,
    resultHosts: [],
    allowInsecure: true,
    canary: 'off',
    semanticsConfirmed: true,
    dailyCap: null,
    monthlyCap: null,
    pathPrefix: null,
    userId: null,
  };
}
