/*
 * Strict reading of JSON fields. Each reader takes the value and the field's path as the service would name it,
 * gives the value with its type, or throws Refused. No reason ever holds a value, since any may be a secret.
 */

import { isObject } from '../model/json.ts';

export type JsonObject = Record<string, unknown>;

/** A body that the service does not take: HTTP 400 with this code and reason (Agora Cloud Recording REST, common errors). */
export class Refused extends Error {
  readonly code: number;

  /** @param code 2 for an invalid parameter, 8 for a wrong header or text that is not JSON */
  constructor(reason: string, code = 2) {
    super(reason);
    this.code = code;
  }
}

/** An object; with `known`, no other fields than these. */
export function object(value: unknown, at: string, known?: readonly string[]): JsonObject {
  if (!isObject(value)) throw new Refused(`${at} must be an object`);
  const stranger = known && Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new Refused(`${at}.${stranger} is not a known parameter`);
  return value;
}

/** The reader's value where the field is present, undefined where it is absent. A null is not an absent field. */
export function optional<T>(
  parent: JsonObject,
  name: string,
  at: string,
  read: (value: unknown, at: string) => T,
): T | undefined {
  return Object.hasOwn(parent, name) ? read(parent[name], `${at}.${name}`) : undefined;
}

/** The reader's value of a field that must be present. */
export function required<T>(
  parent: JsonObject,
  name: string,
  at: string,
  read: (value: unknown, at: string) => T,
): T {
  if (!Object.hasOwn(parent, name)) throw new Refused(`${at}.${name} is missing`);
  return read(parent[name], `${at}.${name}`);
}

export function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Refused(`${at} must be a string`);
  return value;
}

export function filledText(value: unknown, at: string): string {
  const read = text(value, at);
  if (read === '') throw new Refused(`${at} must not be empty`);
  return read;
}

export function flag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new Refused(`${at} must be true or false`);
  return value;
}

/** A whole number in [min, max]; a number in quotes is not one. */
export function whole(value: unknown, at: string, min: number, max: number): number {
  if (typeof value !== 'number') throw new Refused(`${at} must be a number`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new Refused(`${at} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A number from 0 to 1, as coordinates and transparency are. */
export function fraction(value: unknown, at: string): number {
  if (typeof value !== 'number') throw new Refused(`${at} must be a number`);
  if (!(value >= 0 && value <= 1)) throw new Refused(`${at} must be from 0 to 1`);
  return value;
}

/** An array of min to max items, each read with `item`. */
export function list<T>(
  value: unknown,
  at: string,
  min: number,
  max: number,
  item: (value: unknown, at: string) => T,
): T[] {
  if (!Array.isArray(value)) throw new Refused(`${at} must be an array`);
  if (value.length < min) throw new Refused(`${at} must not be empty`);
  if (value.length > max) throw new Refused(`${at} must hold at most ${max} items`);
  return value.map((each, index) => item(each, `${at}[${index}]`));
}

/** A UID: a 32-bit unsigned integer as a string, without leading zeros and never "0" (REST, acquire: uid). */
export function uid(value: unknown, at: string): string {
  const read = text(value, at);
  if (!/^[1-9][0-9]{0,9}$/.test(read) || Number(read) > 0xffff_ffff) {
    throw new Refused(`${at} must be a 32-bit unsigned integer as a string, not 0`);
  }
  return read;
}

/** The UID of a recording client, which public code writes with zeros in front, too: kept character for character. */
export function ownUid(value: unknown, at: string): string {
  const read = text(value, at);
  uid(read.replace(/^0+(?=[1-9])/, ''), at);
  return read;
}

/** An HTTP or HTTPS URL (REST, updateLayout: background images). */
export function imageUrl(value: unknown, at: string): string {
  const read = text(value, at);
  if (!/^https?:\/\/[^\s/?#]+/i.test(read)) throw new Refused(`${at} must be an HTTP or HTTPS URL`);
  return read;
}
