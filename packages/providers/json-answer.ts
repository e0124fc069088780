import type { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { ProviderAmount } from '@rollcall/domain';
import { z } from 'zod';

export type JsonObject = Readonly<Record<string, unknown>>;

const longestRetryAfter_ms = 24 * 60 * 60 * 1000;

/** The body as a JSON object; null for anything else (HTML, empty, cut, an array). An object that is whole reads as one even if the connection died after it, and behind a byte order mark, which JSON.parse refuses. */
export function readJsonObject(body: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A provider's counter: a non-negative safe integer, or null for whatever else stands there. */
export const counter = z.int().nonnegative().nullable().catch(null);

const decimal = z
  .union([z.string(), z.number()])
  .transform((value) => decimalText(value))
  .refine((text) => text !== null);

/** A decimal as plain text, from a JSON number or a string; null when it is not one. */
export function decimalText(value: unknown): string | null {
  if (typeof value === 'string') return /^-?\d{1,18}(\.\d{1,18})?$/.test(value) ? value : null;
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) >= 1e15) return null;
  // toFixed never writes an exponent, as String() does below 1e-6.
  return value.toFixed(9).replace(/\.?0+$/, '');
}

export const currency = z
  .string()
  .regex(/^[A-Za-z]{3,8}$/)
  .nullable()
  .catch(null);

/** `{amount, currency}` as integrators have seen it; null for anything else. */
export const amount = z
  .object({ amount: decimal, currency: currency.default(null) })
  .transform((value): ProviderAmount => ({ amount: value.amount ?? '', currency: value.currency }))
  .nullable()
  .catch(null);

/** Retry-After (RFC 9110 §10.2.3), seconds or a date, as milliseconds from `now_ms`, at most a day. */
export function retryAfter_ms(headers: IncomingHttpHeaders, now_ms: number): number | null {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return null;
  const wait_ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now_ms;
  return Number.isNaN(wait_ms) ? null : Math.min(Math.max(wait_ms, 0), longestRetryAfter_ms);
}

/** True where the response says that it is JSON: all that is known of a body that was lost. */
export function saysJson(headers: IncomingHttpHeaders): boolean {
  return /^application\/(problem\+)?json\b/i.test(headers['content-type'] ?? '');
}
