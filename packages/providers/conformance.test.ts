import { adapterNames } from '@rollcall/domain';
import { describe } from 'vitest';
import type { ConformanceCases } from './cases/case.ts';
import { simpleTasksCases } from './cases/simple-tasks.ts';
import { tasksV1Cases } from './cases/tasks-v1.ts';
import { webcomCases } from './cases/webcom.ts';
import { describeConformance } from './conformance.ts';
import { openFixtureWire } from './fixture-wire.ts';
import { openSimulatorWire } from './simulator-wire.ts';

const cases: Readonly<Record<(typeof adapterNames)[number], ConformanceCases>> = {
  'tasks-v1': tasksV1Cases,
  'simple-tasks': simpleTasksCases,
  webcom: webcomCases,
};

describe.each(adapterNames)('%s on fixture servers', (adapter) => {
  describeConformance(adapter, cases[adapter], openFixtureWire);
});

describe.each(adapterNames)('%s on the simulator', (adapter) => {
  describeConformance(adapter, cases[adapter], openSimulatorWire);
});
