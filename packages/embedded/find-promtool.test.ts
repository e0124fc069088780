import { expect, test } from 'vitest';
import { findPromtool } from './find-promtool.ts';

test('promtool is found, or the reason is told why not', async (context) => {
  const promtool = await findPromtool();
  if ('unavailable' in promtool) return context.skip(promtool.unavailable);
  expect(promtool.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(await promtool.run(['check', 'config', '/nowhere.yml'], '/')).toMatchObject({
    kind: 'failed',
    complaint: expect.stringContaining('/nowhere.yml') as string,
  });
});
