import type { Ground } from './open-ground.ts';
import type { Site } from './open-site.ts';
import { processorTimeOf } from './processor-time.ts';

/** What each took of the processors since `startProfile`, in words: who is in the way. */
export async function startProfile(
  ground: Ground,
  site: Pick<Site, 'processorTime_s'>,
): Promise<() => Promise<string>> {
  const look = async () => ({
    ...(await site.processorTime_s()),
    postgres: await ground.processorTime_s(),
    all: (await processorTimeOf(process.pid)).started_s,
  });
  const before: Record<string, number> = await look();
  return async () => {
    const parts = Object.entries(await look()).map(
      ([who, seconds]) => [who, seconds - (before[who] ?? 0)] as const,
    );
    const known = parts.filter(([who]) => who !== 'all');
    const all = parts.find(([who]) => who === 'all')?.[1] ?? 0;
    const rest = all - known.reduce((sum, [, seconds]) => sum + seconds, 0);
    const told = [...known, ['simulator', rest] as const].filter(([, seconds]) => seconds >= 0.01);
    return `${all.toFixed(2)} s of processor: ${told.map(([who, seconds]) => `${who} ${seconds.toFixed(2)}`).join(', ')}`;
  };
}
