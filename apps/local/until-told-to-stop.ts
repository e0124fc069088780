import { untilLauncherIsGone } from './until-launcher-is-gone.ts';

/** The signals by which a person or a system ends us: Ctrl-C, kill, a closed terminal. */
const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

export type StopSignal = keyof typeof signals;

/**
 * Resolves at the first such signal, or as for a closed terminal when the npx or pnpm that started us is gone. At the second signal the
 * process ends at once; what it started notices and ends too.
 */
export function untilToldToStop(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let told = false;
    void untilLauncherIsGone().then(() => {
      told = true;
      resolve('SIGHUP');
    });
    for (const signal of Object.keys(signals) as StopSignal[]) {
      process.on(signal, () => {
        if (told) process.exit(exitCodeOf(signal));
        told = true;
        resolve(signal);
      });
    }
  });
}

/** As shells report an end by a signal. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + signals[signal];
}
