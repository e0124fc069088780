import { ConnectionLost, lost, unreachable } from '../api.ts';
import type { Context } from '../context.ts';
import { durationText } from '../plain-text.ts';
import type { Finding } from './finding.ts';

/** Due work is taken within a minute, or nobody takes it. */
const overdue_s = 120;
const sample = /^rollcall_oldest_due_seconds\{([^}]*)\} ([\d.e+]+)$/gm;

/** Work that is due and that no worker takes, by stage, from the metrics; nothing where those are closed to us. */
export async function examineOverdue({ api, signal }: Context): Promise<Finding[]> {
  let text: string;
  try {
    const answer = await api.exchange('GET', '/metrics', { headers: { accept: '*/*' }, signal });
    text = await answer.body.text();
    if (answer.statusCode !== 200) return [];
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unreachable(api.url, error instanceof ConnectionLost ? error : lost(error));
  }
  return overdueOf(text);
}

/** From Prometheus' text format. */
export function overdueOf(text: string): Finding[] {
  return [...text.matchAll(sample)].flatMap(([, labels = '', value]): Finding[] => {
    const seconds = Number(value);
    if (!(seconds > overdue_s)) return [];
    const stage = /stage="([^"]*)"/.exec(labels)?.[1] ?? 'unknown';
    const account = /account="([^"]+)"/.exec(labels)?.[1];
    return [
      {
        kind: 'overdue',
        what: `${stage}${account === undefined ? '' : ` at ${account}`}: work has been due for ${durationText(seconds)} and nobody takes it: does a worker run with this stage?`,
        since: null,
        money: null,
        command: null,
      },
    ];
  });
}
