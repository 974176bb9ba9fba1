import { printFloat } from '../../yaml/scalar.ts';
import type { Scalar } from '../tree.ts';

/** Values as the Go library of sops prints them: the MAC is computed over some of these texts, and others are in its output. */

/** A float without an exponent (`FormatFloat(f, 'f', -1, 64)`), as the MAC takes it. */
export function floatDigits(value: number): string {
  if (!Number.isFinite(value)) return printFloat(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A float as `encoding/json` prints it, which is also how JavaScript does. */
export const floatInJson = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** A value as text in a file that has no types (`ValToString` of sops). */
export function plainText(value: Scalar): string {
  switch (value.kind) {
    case 'text':
    case 'int':
    case 'time':
      return value.text;
    case 'bool':
      return String(value.value);
    case 'float': {
      const text = printFloat(value.value).toUpperCase();
      return /[.E]|INF|NAN/.test(text) ? text : `${text}.0`;
    }
    case 'null':
      return '<nil>';
  }
}

const TIME = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2})?)?$/;

/** A plain scalar that Go's YAML reads as a time, as RFC 3339; undefined for all others, which are strings. */
export function timeOf(raw: string): string | undefined {
  const match = TIME.exec(raw);
  if (!match) return undefined;
  const [, year = '', month = '', day = '', separator, hour = '0', minute = '0', second = '0', fraction = '', zone] =
    match;
  // A time after a space has no zone, and one after a T must have one.
  if (separator !== undefined && (separator === ' ') !== (zone === undefined)) return undefined;
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  const lengths = [
    31,
    y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ];
  if (d < 1 || d > (lengths[m - 1] ?? 0)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (zone && zone !== 'Z' && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4)) > 60)) return undefined;
  const two = (text: string): string => text.padStart(2, '0');
  const rest = fraction.slice(0, 9).replace(/0+$/, '');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${rest && `.${rest}`}${zoneText(zone)}`;
}

/** The `lastmodified` of a file as sops uses it beside the MAC: to the second. undefined where it is no time. */
export function lastModifiedOf(text: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,]\d+)?(Z|[-+]\d{2}:\d{2})$/.exec(text);
  return match ? `${match[1]}${zoneText(match[2])}` : undefined;
}

const zoneText = (zone: string | undefined): string => (zone === undefined || /^[-+]00:00$/.test(zone) ? 'Z' : zone);
