import { expect, test } from 'vitest';
import { type Fault, scheduleOf, sleepPoints } from './schedule.ts';
import { sizesOf, stormAccounts } from '../ground/storm-accounts.ts';
import { stormLeases } from '../ground/storm-leases.ts';

const accounts = await stormAccounts({
  url: 'http://127.0.0.1:1',
  resultUrl: 'http://127.0.0.1:2',
  patience_s: 20,
  uploadDeadline_ms: 1_500,
});
const options = { backend: null, workers: 3 };
const seeds = ['1', 'a', 'storm', '2026'];
const runs = Array.from({ length: 50 }, (_, run) => run);
const schedules = seeds.flatMap((seed) => runs.map((run) => scheduleOf(seed, run, options)));

test('the same seed and run give the same schedule, and others another one', () => {
  for (const [index, schedule] of schedules.entries()) {
    const again = scheduleOf(schedule.seed, schedule.run, options);
    expect(again).toEqual(schedule);
    expect(schedules.findIndex((other) => same(other.faults, schedule.faults))).toBe(index);
  }
});

test('each run has faults of at least five kinds, 12 chunks or more, and workers that die at named points', () => {
  for (const { faults, jobs, lives } of schedules) {
    expect(new Set(faults.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(5);
    expect(new Set(jobs.map(({ account }) => account)).size).toBe(4);
    expect(jobs.flatMap((job) => sizesOf(accounts, job)).length).toBeGreaterThanOrEqual(12);
    expect(lives.flat().every((point) => /^[\w.]+:\w+#\d+$/.test(point))).toBe(true);
    expect(lives.map((own) => own.length)).toEqual([1, 1, 1]);
  }
});

test('a pause is longer than the lease, and everything happens while the storm lasts', () => {
  for (const { faults, storm_ms } of schedules) {
    for (const fault of faults) {
      expect(fault.at_ms).toBeLessThan(storm_ms);
      if (fault.kind === 'pause') expect(fault.for_ms).toBeGreaterThan(stormLeases.lease_ms);
    }
    expect(faults.map(({ at_ms }) => at_ms)).toEqual(
      faults.map(({ at_ms }) => at_ms).toSorted((one, other) => one - other),
    );
  }
});

test('in each run numbers are put on the suppression list and erased, of jobs that it has, while the storm lasts', () => {
  for (const { objections, jobs, storm_ms } of schedules) {
    const kinds = new Set(objections.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['erase', 'suppress', 'suppress_claimed']);
    for (const objection of objections) {
      expect(objection.at_ms).toBeLessThan(storm_ms);
      if (objection.kind === 'suppress_claimed') continue;
      expect(objection.place).toBeLessThan(jobs[objection.job]?.numbers ?? 0);
    }
  }
});

test('both backends come in turn unless one is asked for', () => {
  expect(scheduleOf('1', 0, options).backend).not.toBe(scheduleOf('1', 1, options).backend);
  expect(scheduleOf('1', 1, { ...options, backend: 'postgres' }).backend).toBe('postgres');
});

test('in ten runs somebody sleeps at each point before a fenced write, on both backends, and not always the same worker', () => {
  const ten = runs.slice(0, 10).map((run) => scheduleOf('1', run, options));
  const met = ten.map(({ sleeper, backend }) => `${sleeper?.point} ${backend}`);
  expect(met.toSorted()).toEqual(
    sleepPoints.flatMap((point) => [`${point} postgres`, `${point} redis`]).toSorted(),
  );
  expect(new Set(ten.map(({ sleeper }) => sleeper?.worker)).size).toBeGreaterThan(1);
});

function same(one: readonly Fault[], other: readonly Fault[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
