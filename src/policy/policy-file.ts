import { createHash } from 'node:crypto';
import { InputError, type Position, type Problem } from '../lib/errors.ts';
import { parseBytes } from '../lib/units/bytes.ts';
import { entryOf, type YamlNode } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';
import type { Ceilings } from './limits.ts';
import type { OwnRules, Policy } from './policy.ts';
import { PROFILES, type ProfileName } from './profiles.ts';
import { accessOf, type Entries, RULE_NAMES, type RuleName } from './rules.ts';
import { normalPath } from './values/host-path.ts';
import { imagePattern } from './values/image-name.ts';
import { parsePorts } from './values/ports.ts';
import { parseSubnet } from './values/subnets.ts';

/** Finds problems of a document by schemas/policy.schema.json; an argument, since the schemas belong to the fleet layer. */
export type SchemaCheck = (root: YamlNode) => Promise<Problem[]>;

/** Reads a policy. Throws InputError with the position of each problem. */
export async function parsePolicy(text: string, file: string, check: SchemaCheck): Promise<Policy> {
  const root = parseYaml(text, file);
  if (!root) throw InputError.at({ file, line: 1, column: 1 }, 'the file is empty; a Policy document is expected');
  const found = await check(root);
  if (found.length > 0) throw new InputError(found);
  for (const [key, value] of [
    ['apiVersion', 'holdfast/v1'],
    ['kind', 'Policy'],
  ] as const) {
    const node = entryOf(root, key)?.value;
    if (textOf(node) !== value) throw InputError.at(node?.at ?? root.at, `${key} must be ${value}`);
  }
  const spec = entryOf(root, 'spec')?.value;
  const profile = spec && (textOf(entryOf(spec, 'profile')?.value) as ProfileName | undefined);
  if (!spec || !profile)
    throw InputError.at(root.at, '`spec` is missing', 'it names a profile: strict, standard or lab');
  const problems: Problem[] = [];
  const apps = entryOf(spec, 'apps')?.value;
  const policy: Policy = {
    profile,
    onViolation: textOf(entryOf(spec, 'onViolation')?.value) === 'stop' ? 'stop' : 'keep',
    ...ownRules(spec, profile, problems),
    apps: Object.fromEntries(
      (apps?.kind === 'mapping' ? apps.entries : []).map(({ key, value }) => [key, ownRules(value, profile, problems)]),
    ),
    digest: createHash('sha256').update(text).digest('hex'),
  };
  if (problems.length > 0) throw new InputError(problems);
  return policy;
}

function ownRules(node: YamlNode, profile: ProfileName, problems: Problem[]): OwnRules {
  const rules = (key: 'allow' | 'deny'): OwnRules['allow'] => {
    const given = entryOf(node, key)?.value;
    return Object.fromEntries(
      RULE_NAMES.flatMap((rule) => {
        const value = entryOf(given, rule)?.value;
        return value ? [[rule, entriesOf(rule, value, key === 'allow' ? profile : undefined, problems)]] : [];
      }),
    );
  };
  return { allow: rules('allow'), deny: rules('deny'), limits: ceilings(entryOf(node, 'limits')?.value, problems) };
}

/** Holds the place of the profile's own entries. */
const OF_PROFILE = 'PROFILE';

function entriesOf(rule: RuleName, node: YamlNode, profile: ProfileName | undefined, problems: Problem[]): Entries {
  if (node.kind === 'scalar') return node.value === true;
  const items = node.kind === 'sequence' ? node.items : [];
  return items.flatMap((item): readonly string[] => {
    const text = textOf(item) ?? '';
    if (text === OF_PROFILE) {
      if (profile) return PROFILES[profile][rule] as readonly string[];
      problems.push({
        at: item.at,
        message: `${OF_PROFILE} adds what the profile allows, and so it goes below \`allow\``,
      });
      return [];
    }
    if (text === '*') return [text];
    const read = (READERS[rule] ?? ((plain) => plain))(text);
    if (typeof read === 'string') return [read];
    problems.push({ at: item.at, ...read });
    return [];
  });
}

type Reader = (text: string) => string | Omit<Problem, 'at'>;

/** The entry in the form of the values that it is compared with. */
const READERS: Partial<Record<RuleName, Reader>> = {
  images: imagePattern,
  capabilities: (text) => text.toUpperCase().replace(/^CAP_/, ''),
  hostPaths: (text) => {
    const { path, access } = accessOf(text);
    if (!path.startsWith('/'))
      return { message: `${text} is not an absolute path`, hint: 'write it as /srv/data or /srv/data:ro' };
    return access ? `${normalPath(path)}:${access}` : normalPath(path);
  },
  devices: (text) => normalPath(text),
  deviceCgroupRules: (text) => text.trim().replace(/\s+/g, ' '),
  securityOptions: (text) => text.replace(/^([a-z-]+):/, '$1='),
  networkOptions: (text) => (text.includes('=') ? text : `${text}=*`),
  annotations: (text) => (text.includes('=') ? text : `${text}=*`),
  ports: (text) =>
    parsePorts(text)
      ? text
      : { message: `${text} names no ports`, hint: 'write them as 8080, 8000-8999/tcp or 127.0.0.1:5432' },
  subnets: (text) =>
    parseSubnet(text) ? text : { message: `${text} is no block of addresses`, hint: 'write it as 10.0.0.0/8' },
};

function ceilings(node: YamlNode | undefined, problems: Problem[]): Ceilings {
  const memory = entryOf(node, 'memory')?.value;
  const cpus = entryOf(node, 'cpus')?.value;
  return {
    ...(memory && {
      memory: positive(
        parseBytes(textOf(memory) ?? ''),
        memory.at,
        'memory must be a size above zero',
        'for example 512MiB',
        problems,
      ),
    }),
    ...(cpus && {
      cpus: positive(Number(textOf(cpus)), cpus.at, 'cpus must be a number above zero', 'for example 1.5', problems),
    }),
  };
}

function positive(value: number | undefined, at: Position, message: string, hint: string, problems: Problem[]): number {
  if (value !== undefined && value > 0) return value;
  problems.push({ at, message, hint });
  return 0;
}

const textOf = (node: YamlNode | undefined): string | undefined => (node?.kind === 'scalar' ? node.raw : undefined);
