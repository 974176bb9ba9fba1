import { resolve } from 'node:path';
import { parseBytes } from '../../lib/units/bytes.ts';
import { durationMs } from '../../lib/units/duration.ts';

/** A kind of value that an option can have: how its text is read, and how the help, errors and the JSON Schema describe it. */
export interface Kind<T> {
  /** Stands for the value in the help: `--interval <duration>`. */
  placeholder: string;
  /** The value in a config file, as JSON Schema. */
  schema: Readonly<Record<string, unknown>>;
  /** Gives undefined for a text that is not such a value. */
  parse(text: string): T | undefined;
  /** Ends the sentence "--interval must be …". */
  mustBe: string;
  /** An example for people. */
  hint?: string;
  /** True for a path of the site's own: no file of Git is ever written there. */
  isOwnPath?: boolean;
}

/** Any text. `placeholder` says what it names. */
export const text = (placeholder: string): Kind<string> => ({
  placeholder,
  schema: { type: 'string' },
  parse: (given) => given,
  mustBe: 'a text',
});

/** A file of the site's own, as one that holds a password. */
export const ownFile: Kind<string> = { ...text('file'), isOwnPath: true };

/** A key file of the site, or of one app. */
export interface AgeKeyFile {
  /** "" for the site. */
  app: string;
  file: string;
}

/** `FILE`, or `APP=FILE`. A file whose path has a `=` is written with a folder before it, as `./a=b`. */
export const ageKeyFile: Kind<AgeKeyFile> = {
  placeholder: 'file',
  schema: { type: 'string', minLength: 1 },
  parse: (given) => {
    const [, app = '', file = ''] = /^(?:([^/=]+)=)?(.+)$/s.exec(given) ?? [];
    return file === '' ? undefined : { app, file: resolve(file) };
  },
  mustBe: 'a file, or APP=FILE for the key of one app',
};

/** A folder, made absolute. */
export const folder: Kind<string> = { ...text('dir'), parse: (given) => resolve(given) };

export const absoluteFolder: Kind<string> = {
  placeholder: 'dir',
  schema: { type: 'string', pattern: '^/' },
  parse: (given) => (given.startsWith('/') ? resolve(given) : undefined),
  mustBe: 'an absolute path',
};

/** Milliseconds, written as in Compose: `90s`, `5m`, `1h30m`. */
export const duration: Kind<number> = {
  placeholder: 'duration',
  schema: { type: 'string', examples: ['30s', '1h30m'] },
  parse: (given) => above0(durationMs(given) ?? 0),
  mustBe: 'a duration above zero and below 100 days',
  hint: 'for example 30s, 5m or 1h30m',
};

/** Bytes, written as in Compose: `256MiB`, `1g`. */
export const size: Kind<number> = {
  placeholder: 'size',
  schema: { type: 'string', examples: ['256MiB'] },
  parse: (given) => above0(parseBytes(given) ?? 0),
  mustBe: 'a size above zero',
  hint: 'for example 256MiB',
};

/** A whole number that is not below `least`. */
export const count = (least: number): Kind<number> => ({
  placeholder: 'number',
  schema: { type: 'integer', minimum: least },
  parse: (given) => (/^\d{1,15}$/.test(given) && Number(given) >= least ? Number(given) : undefined),
  mustBe: `a whole number from ${least} on`,
});

export const oneOf = <T extends string>(...choices: readonly T[]): Kind<T> => ({
  placeholder: choices.join('|'),
  schema: { enum: choices },
  parse: (given) => choices.find((each) => each === given),
  mustBe: choices.length === 2 ? choices.join(' or ') : `one of ${choices.join(', ')}`,
});

const above0 = (value: number): number | undefined => (value > 0 ? value : undefined);
