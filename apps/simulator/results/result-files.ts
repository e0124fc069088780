import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Account } from '../accounts.ts';
import type { StoredFile } from '../answer.ts';
import type { Task } from '../tasks.ts';
import { appearanceOf } from './appearance.ts';
import type { FileEdits } from './edits.ts';
import { resultText } from './result-text.ts';
import { resultTable } from './result-table.ts';

const loginPage =
  '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form action="/login" method="post"><input name="user"></form></body></html>\n';

/**
 * Result files, made when they are first asked for and kept on disk, so that a file is the same bytes at each download, has
 * a Content-Length as S3 gives one, and costs no memory.
 */
export class ResultFiles {
  #directory: Promise<string> | undefined;
  #files = new Map<string, Promise<StoredFile>>();

  /** The file of a task with these edits. */
  fileOf(task: Task, account: Account, edits: FileEdits): Promise<StoredFile> {
    const wanted = JSON.stringify([task.id, appearanceOf(task, account, edits), edits]);
    const name = createHash('sha256').update(wanted).digest('hex').slice(0, 32);
    const known = this.#files.get(name);
    if (known) return known;
    const made = this.#make(name, task, account, edits);
    this.#files.set(name, made);
    return made;
  }

  /** Deletes every file. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#files.values());
    this.#files.clear();
    if (this.#directory) await rm(await this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }

  async #make(name: string, task: Task, account: Account, edits: FileEdits): Promise<StoredFile> {
    this.#directory ??= mkdtemp(join(tmpdir(), 'rollcall-simulator-'));
    const path = join(await this.#directory, name);
    if (edits.instead_text !== undefined) await writeFile(path, edits.instead_text);
    else if (edits.instead) await writeFile(path, edits.instead === 'html' ? loginPage : '');
    else await pipeline(contentOf(task, account, edits), createWriteStream(path));
    const { size } = await stat(path);
    if (edits.keep_share === undefined) return { path, sizeBytes: size };
    const kept = Math.floor(size * edits.keep_share);
    await truncate(path, kept);
    return { path, sizeBytes: kept };
  }
}

function contentOf(task: Task, account: Account, edits: FileEdits): NodeJS.ReadableStream {
  const appearance = appearanceOf(task, account, edits);
  return appearance.kind === 'table'
    ? resultTable(task, appearance, edits)
    : Readable.from(resultText(task, appearance, edits), { objectMode: false });
}
