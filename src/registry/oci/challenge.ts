/** One way in which a server asks who we are. Names are in small letters. */
export interface Challenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

/** Takes a WWW-Authenticate header apart. Parts that cannot be understood are left out. Source: RFC 9110, 11.6.1. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  // A word with a value is a parameter of the scheme before it.
  const pattern = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;
  for (const [, word = '', quoted, plain] of header.slice(0, LONGEST).matchAll(pattern)) {
    if (quoted === undefined && plain === undefined) found.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(word.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return found;
}

const LONGEST = 8192;
