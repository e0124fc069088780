import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotStart } from './cannot-start.ts';
import { takeDataFolder } from './data-folder.ts';
import { isPortFree } from './is-port-free.ts';
import { readLogTail } from './log-file.ts';
import { readStartFlags, type StartFlags, usage, usualPort } from './start-flags.ts';
import { type Installation, startInstallation } from './start-installation.ts';
import { untilToldToStop } from './until-told-to-stop.ts';
import { welcome } from './welcome.ts';

/** As slow as it takes to watch a job, and no slower. */
const processing = { processingBase_ms: 2_000, processingPerNumber_ms: 0.05 };

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const read = readStartFlags(process.argv.slice(2));
  if (!read.ok) {
    if (read.problem !== null) process.stderr.write(`${read.problem}\n\n`);
    process.stderr.write(usage);
    return read.problem === null ? 0 : 2;
  }
  const opened = new AsyncDisposableStack();
  const told = untilToldToStop().then(() => ({ kind: 'told' }) as const);
  const outcome = await Promise.race([told, serve(opened, read.flags)]);
  if (outcome.kind === 'told') say('\nStopping: what is being sent is finished first …');
  else process.stderr.write(`\n${outcome.message}\n`);
  await opened.disposeAsync();
  if (outcome.kind === 'told') say('Stopped.');
  return outcome.kind === 'told' ? 0 : 1;
}

/** Starts everything and stays until one of the processes ends. Never rejects. */
async function serve(
  opened: AsyncDisposableStack,
  flags: StartFlags,
): Promise<{ readonly kind: 'failed'; readonly message: string }> {
  try {
    const data = await takeDataFolder(flags.data);
    if (data.kind === 'taken') {
      throw new CannotStart(
        `Rollcall already runs on ${data.folder} (process ${data.pid}). Stop it, or choose another folder with --data.`,
      );
    }
    opened.defer(data.release);
    const installation = await startInstallation(
      opened,
      {
        folder: data.folder,
        keepsData: true,
        sayRestarts: say,
        redis: flags.redis,
        host: flags.host,
        // First what only its caller can mend.
        providers: await chooseProviders(flags, data.folder),
        port: await choosePort(flags),
        keyName: 'start',
      },
      (step) => say(`Starting ${step} …`),
    );
    process.stdout.write(welcome(installation, data.folder));
    return { kind: 'failed', message: await explainLoss(installation) };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

async function chooseProviders({ accounts }: StartFlags, folder: string) {
  if (accounts === null) {
    return { simulated: { ...processing, dataFolder: join(folder, 'simulator') } };
  }
  await access(accounts, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? error.message);
    throw new CannotStart(`--accounts: ${accounts} cannot be read: ${why}`);
  });
  return { accountsFile: accounts };
}

async function choosePort({ host, port }: StartFlags): Promise<number> {
  const wanted = port ?? usualPort;
  if (await isPortFree(host, wanted)) return wanted;
  if (port !== null) {
    throw new CannotStart(
      `Nothing can listen on port ${port} of ${host}: it is taken, or not allowed.`,
    );
  }
  say(`Port ${usualPort} is taken; the API gets another one.`);
  return 0;
}

async function explainLoss({ lost }: Installation): Promise<string> {
  const { child, how } = await lost;
  return `The ${child.name} ended by itself (${how}), so everything stops. Its log ends:\n${await readLogTail(child.logPath)}`;
}

process.exit(await main());
