import { readAccounts, simulatedAccounts } from '@rollcall/config';
import { expect, test } from 'vitest';
import { simulatedAccountsFile } from './simulated-accounts-file.ts';

test('the simulated accounts say that they are written anew, and with which lines a copy is used', async () => {
  const place = { url: 'http://127.0.0.1:9090', resultUrl: 'http://127.0.0.1:9091' };
  const accounts = await simulatedAccounts(place);
  const file = simulatedAccountsFile(accounts, { ...place, dataFolder: `/d'x/simulator` }, `/d'x`);
  expect(file).toMatch(/^# Written anew by each start: edits here are lost\.\n#\n/);
  expect(file).not.toMatch(/Copy this file, point|PLACEHOLDER/);
  expect(file).toContain(
    `apps/simulator/main.ts --port 9090 --result-port 9091 --data-directory '/d'\\''x/simulator' &\n`,
  );
  expect(file).toContain('SIMULATOR_KEY_WEBCOM=sim-webcom ');
  expect(file).toContain(`start --data '/d'\\''x' --accounts COPY.yaml\n`);
  expect(readAccounts(file, accounts.keys, { withKeys: true })).toMatchObject({ ok: true });
});
