export interface Charge {
  readonly account: string;
  readonly task_type: string;
  readonly task_id: string;
  readonly numbers: number;
  readonly amount_micros: number;
}

/** What the demo asks the simulator, which knows the truth about its numbers and what it charged for them. */
export interface SimulatorControl {
  /** What its files say of these numbers when they are read rightly: outcome by digits. */
  truth(account: string, taskType: string, digits: readonly string[]): Promise<Map<string, string>>;
  charges(): Promise<Charge[]>;
  /** Numbers charged more than once per account and check. */
  paidTwice(): Promise<number>;
  /** The distinct numbers of a task, as digits, ascending. */
  numbersOf(taskId: string): Promise<string[]>;
}

export function simulatorControl(url: string): SimulatorControl {
  async function ask(path: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(`${url}/_sim/${path}`, init);
    if (!response.ok) throw new Error(`simulator: ${path.split('?')[0]}: ${response.status}`);
    return response;
  }
  return {
    async truth(account, taskType, digits) {
      const query = new URLSearchParams({ account, task_type: taskType });
      const answer = await ask(`truth?${query.toString()}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: digits.join('\n'),
      });
      const [, ...rows] = (await answer.text()).trimEnd().split('\n');
      return new Map(rows.map((row) => row.split(',') as [string, string]));
    },
    async charges() {
      return ((await (await ask('ledger')).json()) as { charges: Charge[] }).charges;
    },
    async paidTwice() {
      return ((await (await ask('paid-twice')).json()) as { paid_twice: number }).paid_twice;
    },
    async numbersOf(taskId) {
      const text = await (await ask(`tasks/${encodeURIComponent(taskId)}/numbers`)).text();
      return text.split('\n').filter(Boolean);
    },
  };
}
