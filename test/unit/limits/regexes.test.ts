import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ambiguity } from '../../support/hostile/regex-ambiguity.ts';
import { regexLiterals } from '../../support/hostile/regex-literals.ts';

const ENGINE_ANSWER = "an engine's answer, of which 4,000 characters are read";
const SETTING = "a setting of the site's or of the person who runs the command";
const OWN = 'text of our own, of a few characters';

/** Expressions that can take more than time in proportion to a text, and why the text cannot be long. */
const BOUNDED: Record<string, string> = {
  'engine/client/errors.ts /(is|that name is) already in use by|name .* already (used|in use|exists)|network with name .* already exists|network already exists/i':
    ENGINE_ANSWER,
  'engine/client/errors.ts /active endpoints|associated containers|network is being used|is running|is paused|not running|volume is in use|is being used|volume is being used|removal of container .* is already in progress|container state improper|has dependent containers|stop the container before/i':
    ENGINE_ANSWER,
  'engine/client/errors.ts /no such (container|image|network|volume)|(network|container|image|volume) .*not found|not found: network|unable to find network|image not known/i':
    ENGINE_ANSWER,
  'engine/client/docker-api.ts /is not connected to|network .*not found|network not found/i': ENGINE_ANSWER,
  'engine/client/docker-api.ts /removal of container .* already in progress/': ENGINE_ANSWER,
  'engine/observe/decode.ts /\\((?!.*ago)[^)]*\\)/g':
    'the status that an engine writes of a container: `Up 3 hours (healthy)`',
  'net/credentials/registry-auth.ts /\\0+$/': 'a password in the config.json of the person or the agent',
  'git/remote.ts /\\/+$/': SETTING,
  'git/remote.ts /[/\\s]+$/': SETTING,
  'registry/oci/oci-reference.ts /\\/+$/': SETTING,
  'net/http/proxy.ts /^(\\[[^\\]]*\\]|[^:]*|.*:.*:.*?)(?::(\\d+))?$/': SETTING,
  'net/own-network.ts /%.*$/': 'an address that the resolver gave, or a host of a header of at most 16 KB',
  'git/transport/ssh-transport.ts /=+$/': OWN,
  'trust/signature/ssh-key.ts /=+$/': OWN,
  'trust/signature/openpgp.ts /insecure .*algorithm/i': 'the words of openpgp.js for what it found',
  'compose/config/printer.ts /0+$/': OWN,
  'lib/units/duration.ts /(\\d*)(?:\\.(\\d*))?(ns|us|µs|μs|ms|[smhdw])/g':
    'a text that was found to be made of such pieces whole, so each search ends at once',
  'secrets/formats/go-values.ts /0+$/': 'the first nine digits of a fraction of a second',
};

/** Places that make an expression while the program runs, and what of. */
const MADE: Record<string, string> = {
  'compose/private-values/hide-values.ts': 'values of the site, each character written as itself',
  'net/http/http-agents.ts': 'a constant word',
  'trust/signature/ssh-sign.ts': 'a constant number',
};

describe('regular expressions take time in proportion to the text', () => {
  const sources = async (): Promise<[path: string, text: string][]> => {
    const paths = (await readdir('src', { recursive: true })).filter((path) => path.endsWith('.ts'));
    return Promise.all(
      paths.sort().map(async (path) => [path, await readFile(join('src', path), 'utf8')] as const),
    ).then((found) => found.map(([path, text]) => [path, text]));
  };

  test('all of src, except those whose text is short', async () => {
    const listed = new Set<string>();
    const faults: string[] = [];
    let count = 0;
    for (const [path, text] of await sources()) {
      for (const { pattern, flags, line } of regexLiterals(text)) {
        count++;
        const fault = ambiguity(pattern, flags);
        if (fault === undefined) continue;
        const name = `${path} /${pattern}/${flags}`;
        if (Object.hasOwn(BOUNDED, name)) listed.add(name);
        else faults.push(`src/${path}:${line} /${pattern}/${flags}: ${fault}`);
      }
    }
    expect(count).toBeGreaterThan(300);
    expect(faults).toEqual([]);
    expect(Object.keys(BOUNDED).filter((name) => !listed.has(name))).toEqual([]);
  });

  test('those that are made while the program runs are known', async () => {
    const makers = (await sources()).filter(([, text]) => /\bRegExp\(/.test(text)).map(([path]) => path);
    expect(makers).toEqual(Object.keys(MADE).sort());
  });
});

describe('the check finds', () => {
  test.each([
    /^(a+)+$/,
    /^(a|b|ab)*c/,
    /^(\s+)*x/,
    /\s+$/,
    /a*b/,
    /^a*a*b/,
    /^\s*\w*\s*x/,
    /^(a*b?)*c/,
    /x.*y/,
    /^.*,.*,$/,
    /^a{2,}a+b/,
    /\((?!.*b)/,
  ])('%s', ({ source, flags }) => {
    expect(ambiguity(source, flags)).toBeDefined();
  });

  test.each([
    /^a+$/,
    /\s+/g,
    /"[^"]*"/,
    /^(?:[^:]*|.*:)x$/,
    /^\s*x/,
    /^[^:]*:[^:]*$/,
    /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
    /^(a|b)*c/,
    /^\d+(?:\.\d*)?$/,
    /(?:\s|#[^\n]*)*/y,
    /^a{1,3}a*b/m,
    /\$(?:(\$)|([_a-z]\w*))/gi,
    /x[\d.]{0,30}y/,
  ])('nothing in %s', ({ source, flags }) => {
    expect(ambiguity(source, flags)).toBeUndefined();
  });
});

test('an expression is told from a division, a comment, a string and a template', () => {
  const source = `const a = b / c / d; // /x/
const e = "/no/", f = /yes[/]\\//g.test('/'); /* /no/ */
const g = \`/no/ \${h.replace(/in/, '}')} /no/\`;
if (!/not/.test(i)) return /end/;`;
  expect(regexLiterals(source).map(({ pattern, flags, line }) => `${line} ${pattern} ${flags}`)).toEqual([
    '2 yes[/]\\/ g',
    '3 in ',
    '4 not ',
    '4 end ',
  ]);
});
