import type { AllowedKey } from '../trust.ts';
import { fingerprintOf, SSH_KEY_TYPES, sshKey } from './ssh-key.ts';
import { strictBase64 } from './ssh-wire.ts';

/** A line of an allowed signers file. */
export interface AllowedLine extends AllowedKey {
  /** Empty for a line that begins with the key, as in a .pub file. */
  principals: string;
}

const TOKEN = /(?:"[^"]*"|[^\s"])+/y;

/**
 * Reads one line as ssh-keygen(1), ALLOWED SIGNERS, says: `principals [options] keytype key [comment]`. Principals may be left out. Throws
 * RangeError with the problem as its message.
 */
export function parseAllowedSigner(line: string): AllowedLine {
  const tokens = tokensOf(line);
  const isKeyType = (token: string | undefined): boolean => token !== undefined && /^(ssh-|ecdsa-|sk-)/.test(token);
  const at = tokens.slice(0, 3).findIndex(isKeyType);
  if (at < 0) throw new RangeError('it has no key; `principals [options] keytype key` is expected');
  const [type = '', encoded = ''] = tokens.slice(at);
  const [principals = '', options = ''] = tokens.slice(0, at);
  // An option in the place of the principals would be lost, and the key would be good for everything.
  if (/^(cert-authority$|(namespaces|valid-after|valid-before)=)/i.test(principals))
    throw new RangeError(
      'it begins with an option: write principals before the options, such as the name of the signer',
    );
  if (type.includes('-cert-')) throw new RangeError('certificates cannot be used; name the key itself');
  if (!(SSH_KEY_TYPES as string[]).includes(type))
    throw new RangeError(`keys of type ${type} cannot be used; known are ${SSH_KEY_TYPES.join(', ')}`);
  const blob = strictBase64(encoded);
  if (!blob) throw new RangeError('its key is not base64');
  const key = sshKey(blob);
  if (key.type !== type) throw new RangeError(`it says ${type}, and its key is a ${key.type}`);
  if (key.fingerprint !== fingerprintOf(blob)) throw new RangeError('its key is damaged');
  return { principals: unquoted(principals), key, ...parseOptions(options) };
}

function tokensOf(line: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < line.length) {
    const space = /\s+/y;
    space.lastIndex = at;
    at += space.exec(line)?.[0].length ?? 0;
    if (at >= line.length) break;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(line)?.[0];
    if (token === undefined) throw new RangeError('a quote in it is not closed');
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}

function parseOptions(text: string): Pick<AllowedLine, 'namespaces' | 'validAfter' | 'validBefore'> {
  const options: Pick<AllowedLine, 'namespaces' | 'validAfter' | 'validBefore'> = {};
  if (text === '') return options;
  for (const option of outsideQuotes(text)) {
    const [, name = '', value] = /^([^=]+)(?:=(.*))?$/s.exec(option) ?? [];
    const given = unquoted(value ?? '');
    switch (name.toLowerCase()) {
      case 'cert-authority':
        throw new RangeError('cert-authority is not supported: certificates cannot be used; name the keys themselves');
      case 'namespaces': {
        const names = given.split(',').filter((each) => each !== '');
        if (names.length === 0) throw new RangeError('the option namespaces is empty');
        if (names.some((each) => /[*?!]/.test(each))) throw new RangeError('patterns in namespaces are not supported');
        options.namespaces = names;
        break;
      }
      case 'valid-after':
        options.validAfter = sshTime(given, name);
        break;
      case 'valid-before':
        options.validBefore = sshTime(given, name);
        break;
      default:
        throw new RangeError(`the option ${name} is not known; known are namespaces, valid-after, valid-before`);
    }
  }
  return options;
}

const unquoted = (text: string): string => text.replaceAll('"', '');

/** `YYYYMMDD[HHMM[SS]][Z]`. ssh-keygen reads a time without Z as local time. Sites have different zones, so it is UTC here. */
function sshTime(text: string, option: string): number {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] =
    /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?Z?$/.exec(text) ?? [];
  const time = parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (time === undefined) throw new RangeError(`${option} is no date: YYYYMMDD or YYYYMMDDHHMMSSZ is expected`);
  return time;
}

/** `2026-01-31` or `2026-01-31T12:00:00Z`, in milliseconds; undefined for anything else, as the 31st of February. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/.test(text)) return undefined;
  const time = Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined;
  return time;
}

/** The pieces between commas outside of quotes, without empty ones. */
function outsideQuotes(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    if (at < text.length && (text[at] !== ',' || isQuoted)) continue;
    if (at > start) pieces.push(text.slice(start, at));
    start = at + 1;
  }
  return pieces;
}
