import { type Ground, type Json, jsonOf } from './ground.ts';

/** Creates a task and downloads its result. */
export async function resultOf(
  ground: Ground,
  account: string,
  numbers: string[],
  taskType?: string,
): Promise<{ taskId: string; bytes: Buffer; status: Json; response: Response }> {
  const { task_id: taskId } = await jsonOf(ground.create(account, numbers, taskType));
  let status = await jsonOf(ground.status(account, taskId));
  if (status.status === 'completed') status = await jsonOf(ground.status(account, taskId));
  const response = await fetch(status.result_url);
  return { taskId, bytes: Buffer.from(await response.arrayBuffer()), status, response };
}

/** The first two columns of a csv, without its header. */
export function csvRows(bytes: Buffer | undefined): [string, string][] {
  const lines = (bytes ?? '').toString().trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split(',')).map(([number = '', word = '']) => [number, word]);
}

/** The first two columns of a sheet, without its header. */
export function sheetRows(sheet: Record<string, string>[]): [string, string][] {
  return sheet.slice(1).map((row) => [row['A'] ?? '', row['B'] ?? '']);
}
