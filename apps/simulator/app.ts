import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance } from 'fastify';
import { type AccountInput, defaultAccounts } from './accounts.ts';
import { simpleTasksRoutes } from './contracts/simple-tasks.ts';
import { tasksV1Routes } from './contracts/tasks-v1.ts';
import { webcomRoutes } from './contracts/webcom.ts';
import { faultRoutes } from './control/faults.ts';
import { moneyRoutes } from './control/money.ts';
import { taskRoutes } from './control/tasks.ts';
import { truthRoutes } from './control/truth.ts';
import { worldRoutes } from './control/world.ts';
import { Journal } from './journal.ts';
import { buildResultServer } from './results/result-server.ts';
import { type SettingsInput, settingsSchema } from './settings.ts';
import { createSimulation, type Simulation } from './simulation.ts';

export interface SimulatorOptions extends SettingsInput {
  accounts?: readonly AccountInput[];
  /** A folder in which tasks, charges and balances outlive the process; without one they are gone at the end. */
  data_directory?: string | undefined;
  /** Unix milliseconds; the system's clock unless given. */
  now?: () => number;
}

export interface Simulator {
  simulation: Simulation;
  /** Listens on 127.0.0.1 unless told otherwise; port 0 picks a free one. Rejects when a port is taken. */
  start(listening?: {
    port: number;
    resultPort: number;
    host?: string | undefined;
    /** Name by which others reach this machine, in the result URLs; the address that is listened on where absent. */
    publicHost?: string | undefined;
  }): Promise<{ url: string; resultUrl: string }>;
  /** Ends every connection, the deliberately unanswered ones too, and deletes the result files. Safe to call twice. */
  stop(): Promise<void>;
}

/** Builds the simulated vendors: the three contracts and `/_sim/` on one port, the result bucket on another. */
export function buildSimulator(options: SimulatorOptions = {}): Simulator {
  const { accounts = defaultAccounts, now = Date.now, data_directory, ...settings } = options;
  const journal = data_directory === undefined ? undefined : new Journal(data_directory);
  const simulation = createSimulation(accounts, settingsSchema.parse(settings), now, journal);
  const vendors = buildVendorServer(simulation);
  const results = buildResultServer(simulation);
  return {
    simulation,
    async start({ port, resultPort, host = '127.0.0.1', publicHost } = { port: 0, resultPort: 0 }) {
      const reached = (origin: string) =>
        publicHost === undefined ? origin : `http://${publicHost}:${new URL(origin).port}`;
      simulation.resultOrigin = reached(await results.listen({ host, port: resultPort }));
      const url = reached(await vendors.listen({ host, port }));
      return { url, resultUrl: simulation.resultOrigin };
    },
    async stop() {
      await Promise.all([vendors.close(), results.close()]);
      await simulation.resultFiles.close();
    },
  };
}

function buildVendorServer(simulation: Simulation): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 500 } });
  server.register(async (contracts) => {
    // Bodies are left unread until a fault has had its chance to strike before them.
    contracts.removeAllContentTypeParsers();
    await contracts.register(multipart);
    contracts.addContentTypeParser('*', (_request, _payload, done) => done(null));
    await contracts.register(tasksV1Routes(simulation));
    await contracts.register(simpleTasksRoutes(simulation));
    await contracts.register(webcomRoutes(simulation));
  });
  server.register(async (control) => {
    faultRoutes(control, simulation);
    moneyRoutes(control, simulation);
    taskRoutes(control, simulation);
    truthRoutes(control, simulation);
    worldRoutes(control, simulation);
  });
  return server;
}
