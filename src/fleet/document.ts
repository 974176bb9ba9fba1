import { InputError, type Problem } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import { compareVersions, VERSION } from '../lib/version.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { refuseFiltered } from '../source/git-filters.ts';
import { describe, entryOf, type YamlNode } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse.ts';
import { factProblems } from './facts/facts.ts';
import { requiresProblems } from './facts/requires.ts';
import { recipientGroupProblems } from './keys/recipient-groups.ts';
import { syncWindowProblems } from './keys/sync-windows.ts';
import { type SchemaProblem, schemaProblems } from './schema/schema.ts';
import type { Kind } from './schema/schemas.ts';
import { oldestAgentIn } from './schema/versions.ts';
import { variableProblems } from './values/variables.ts';

export const API_VERSION = 'holdfast/v1';

/**
 * Reads a document of the fleet layer and checks it against its schema; undefined when there is no such file. Throws InputError with all
 * problems, and SourceError when the file cannot be read.
 */
export async function readDocument(snapshot: Snapshot, file: string, kind: Kind): Promise<YamlNode | undefined> {
  const found = await snapshot.read(file);
  if (!found) return undefined;
  const start = { file, line: 1, column: 1 };
  refuseFiltered(found.content, file, start);
  const root = parseYaml(utf8(found.content, file), file);
  if (!root) throw InputError.at(start, `the document is empty; a ${kind} was expected`, header(kind));
  if (root.kind !== 'mapping')
    throw InputError.at(root.at, `a ${kind} was expected, not ${describe(root)}`, header(kind));
  const wrongKind = kindProblem(root, kind);
  // The other checks would complain about the wrong kind of document.
  if (wrongKind) throw new InputError([wrongKind]);
  const bySchema = await schemaProblems(root, kind);
  const needed = bySchema.some(({ isUnknownKey }) => isUnknownKey)
    ? await neededVersion(snapshot, root, kind)
    : undefined;
  const problems = [
    ...versionProblem(root),
    ...bySchema.map(asProblem(needed)),
    ...variableProblems(root),
    ...(await syncWindowProblems(root)),
    ...requiresProblems(root),
    ...factProblems(root),
    ...recipientGroupProblems(root),
  ];
  if (problems.length > 0) throw new InputError(problems);
  return root;
}

/** The version that a fleet says its agents have, if it is newer than this one: it explains keys that are not known here. */
async function neededVersion(snapshot: Snapshot, root: YamlNode, kind: Kind): Promise<string | undefined> {
  const needed = oldestAgentIn(kind === 'Fleet' ? root : await fleetIn(snapshot));
  return needed !== undefined && compareVersions(needed, VERSION) > 0 ? needed : undefined;
}

/** The tree of fleet.yaml; undefined where it cannot be read: its own reader reports that. */
async function fleetIn(snapshot: Snapshot): Promise<YamlNode | undefined> {
  const found = await snapshot.read('fleet.yaml');
  try {
    return found && parseYaml(utf8(found.content, 'fleet.yaml'), 'fleet.yaml');
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

const asProblem =
  (needed: string | undefined) =>
  ({ isUnknownKey, ...problem }: SchemaProblem): Problem =>
    isUnknownKey && needed !== undefined
      ? { ...problem, hint: `the fleet is for Holdfast ${needed} and later, and this is ${VERSION}: update it` }
      : problem;

function kindProblem(root: YamlNode, kind: Kind): Problem | undefined {
  const entry = entryOf(root, 'kind');
  if (!entry)
    return { at: root.at, message: `\`kind\` is missing; a ${kind} was expected here`, hint: `add \`kind: ${kind}\`` };
  const { value } = entry;
  if (value.kind === 'scalar' && value.value === kind) return undefined;
  const found = value.kind === 'scalar' && value.value !== null ? `\`${value.raw}\`` : describe(value);
  return {
    at: value.at,
    message: `this file must hold a ${kind}, but its kind is ${found}`,
    hint: `write \`kind: ${kind}\``,
  };
}

function versionProblem(root: YamlNode): Problem[] {
  const entry = entryOf(root, 'apiVersion');
  if (!entry) return [{ at: root.at, message: '`apiVersion` is missing', hint: `add \`apiVersion: ${API_VERSION}\`` }];
  const { value } = entry;
  if (value.kind === 'scalar' && value.value === API_VERSION) return [];
  const found = value.kind === 'scalar' && value.value !== null ? `\`${value.raw}\`` : describe(value);
  return [
    {
      at: value.at,
      message: `apiVersion is ${found}, which this Holdfast does not know`,
      hint: `write \`apiVersion: ${API_VERSION}\``,
    },
  ];
}

const header = (kind: Kind): string => `it begins with \`apiVersion: ${API_VERSION}\` and \`kind: ${kind}\``;
