import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortFree } from './is-port-free.ts';
import { type Child, fieldsOf, startChild } from './start-child.ts';
import { orderlyEnds, type Supervise } from './supervise.ts';

export interface SimulatorOptions {
  /** What it has charged, and its ports, outlive it there; without one they are gone at its end. */
  readonly dataFolder?: string;
  /** Processing time of a task: base + per number. */
  readonly processingBase_ms: number;
  readonly processingPerNumber_ms: number;
  /** Numbers per upload at the simulated accounts, where they should be other than shipped. */
  readonly chunkSize?: number;
}

export interface Simulator {
  readonly child: Child;
  /** Of the provider contracts and, below `/_sim/`, of the control API. */
  readonly url: string;
  /** Origin of the result files. */
  readonly resultUrl: string;
}

/** Starts the simulated providers. They listen on 127.0.0.1 only, and those that are started again on the same ports. */
export async function startSimulator(
  supervise: Supervise,
  options: SimulatorOptions,
  child: { readonly environment: Record<string, string>; readonly logFolder: string },
): Promise<Simulator> {
  const { dataFolder } = options;
  // It holds the numbers that were uploaded: nobody else's business.
  if (dataFolder !== undefined) await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  let place: Omit<Simulator, 'child'> | undefined;
  const flags = async () => ({
    'processing-ms-base': String(options.processingBase_ms),
    'processing-ms-per-number': String(options.processingPerNumber_ms),
    ...(dataFolder !== undefined && { 'data-directory': dataFolder }),
    ...(place ? portsOf(place) : dataFolder !== undefined && (await rememberedPorts(dataFolder))),
  });
  const started = await supervise(async (stopped) => {
    const { child: running, ready } = await startChild(
      {
        name: 'simulator',
        program: 'apps/simulator/main.ts',
        arguments: Object.entries(await flags()).flatMap(([name, value]) => [`--${name}`, value]),
        stopped,
        ...child,
      },
      placeIn,
    );
    place = ready;
    return running;
  }, orderlyEnds);
  if (!place) throw new Error('The simulator runs and has said nowhere.');
  if (dataFolder !== undefined) await rememberPorts(dataFolder, place);
  return { child: started, ...place };
}

function placeIn(line: string): Omit<Simulator, 'child'> | undefined {
  const { url, result_url: resultUrl } = fieldsOf(line);
  return typeof url === 'string' && typeof resultUrl === 'string' ? { url, resultUrl } : undefined;
}

const portsFile = 'ports.json';

/**
 * The ports of last time. An account whose base URL changed while it has open chunks is refused, since its tasks could no
 * longer be asked for. Where somebody else has them by now, others are taken.
 */
async function rememberedPorts(dataFolder: string): Promise<Record<string, string>> {
  const text = await readFile(join(dataFolder, portsFile), 'utf8').catch(() => '{}');
  const { port, resultPort } = fieldsOf(text);
  if (typeof port !== 'number' || typeof resultPort !== 'number') return {};
  const free = (await isPortFree('127.0.0.1', port)) && (await isPortFree('127.0.0.1', resultPort));
  return free ? { port: String(port), 'result-port': String(resultPort) } : {};
}

function portsOf({ url, resultUrl }: Omit<Simulator, 'child'>) {
  return { port: new URL(url).port, 'result-port': new URL(resultUrl).port };
}

async function rememberPorts(
  dataFolder: string,
  { url, resultUrl }: Omit<Simulator, 'child'>,
): Promise<void> {
  const ports = { port: Number(new URL(url).port), resultPort: Number(new URL(resultUrl).port) };
  await writeFile(join(dataFolder, portsFile), `${JSON.stringify(ports)}\n`);
}
