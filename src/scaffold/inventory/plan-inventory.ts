import { readDocument } from '../../fleet/document.ts';
import { siteOf } from '../../fleet/documents.ts';
import { requireSiteName } from '../../fleet/sites.ts';
import { formatProblem, InputError, type Problem } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { type EntryChange, editSite, type Part } from './edit-site.ts';
import type { Row } from './row.ts';

/** A Site file that the table makes or changes. */
export interface SiteChange {
  name: string;
  file: string;
  kind: 'create' | 'change';
  /** The keys that get another value or are new: `labels.region`. */
  set: string[];
  /** The keys whose cells are empty, and which the Site has. */
  drop: string[];
  /** The text of the file; without `drop` it keeps those keys. */
  text: string;
}

export interface Inventory {
  changes: SiteChange[];
  /** Sites of the repo that have no row. */
  withoutRow: string[];
}

export interface PlanOptions {
  /** Takes out the keys whose cells are empty. */
  drop: boolean;
  /** The first line of a new Site in a folder at this depth, if the repo has schemas. */
  schemaLine(depth: number): string | undefined;
}

const PARTS: readonly { part: Part; of: 'labels' | 'values' }[] = [
  { part: ['metadata', 'labels'], of: 'labels' },
  { part: ['spec', 'values'], of: 'values' },
];

/** Compares a table with the Sites of a repo. Throws InputError with the problems of all rows. */
export async function planInventory(
  rows: readonly Row[],
  existing: readonly string[],
  snapshot: Snapshot,
  options: PlanOptions,
): Promise<Inventory> {
  // An empty table is a mistake, and with `drop` it would remove every site.
  if (rows.length === 0) throw InputError.of('the table has no sites', 'nothing was written');
  const problems = rowProblems(rows, existing);
  if (problems.length > 0) throw new InputError(problems);
  const changes: SiteChange[] = [];
  for (const row of rows) {
    try {
      const change = await changeOf(row, snapshot, options);
      if (change) changes.push(change);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) problems.push(atRow(problem, row));
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  const named = new Set(rows.map(({ name }) => name));
  return { changes, withoutRow: existing.filter((name) => !named.has(name)) };
}

/** The problem of a row, at the row; one in a file that a person wrote stays at its place there. */
const atRow = (problem: Problem, { at, name }: Row): Problem =>
  problem.at && !problem.at.file.startsWith(NEW)
    ? problem
    : { at, message: `${name}: ${formatProblem({ ...problem, at: undefined })}` };

/** Marks the text of a Site that is not written yet. */
const NEW = '\0';

/** Names of objects in JavaScript, which no table has in good faith. */
const HOSTILE = ['__proto__', 'constructor', 'prototype'];
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;

function rowProblems(rows: readonly Row[], existing: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  // A file system may not tell `Shop` from `shop`.
  const seen = new Map(existing.map((name) => [name.toLowerCase(), name]));
  const inTable = new Set<string>();
  for (const { name, at, labels, values } of rows) {
    const other = seen.get(name.toLowerCase());
    try {
      requireSiteName(name);
      if (HOSTILE.some((word) => name.split('/').includes(word)))
        throw InputError.of(`${JSON.stringify(name)} cannot be a site's name`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, at })));
    }
    if (inTable.has(name)) problems.push({ at, message: `the site ${name} is in the table twice` });
    else if (other !== undefined && other !== name)
      problems.push({
        at,
        message: `the site ${name} differs from ${other} only in capital letters`,
        hint: 'some file systems take both for one file',
      });
    seen.set(name.toLowerCase(), name);
    inTable.add(name);
    for (const key of labels.keys())
      if (!LABEL.test(key) || HOSTILE.includes(key))
        problems.push({
          at,
          message: `${JSON.stringify(key)} cannot be the name of a label`,
          hint: 'letters, digits, ., _, / and -',
        });
    for (const key of values.keys())
      if (HOSTILE.includes(key)) problems.push({ at, message: `${JSON.stringify(key)} cannot be the name of a value` });
    for (const [key, text] of [...labels, ...values])
      if (text !== null && /[\p{Cc}\u2028\u2029\ufeff]/u.test(text))
        problems.push({ at, message: `the text of ${key} has a line break or another control character` });
  }
  return problems;
}

async function changeOf(
  row: Row,
  snapshot: Snapshot,
  { drop, schemaLine }: PlanOptions,
): Promise<SiteChange | undefined> {
  const file = `sites/${row.name}.yaml`;
  const found = await snapshot.read(file);
  const old = found && new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(found.content);
  const first = schemaLine(row.name.split('/').length);
  const start = old ?? `${first === undefined ? '' : `${first}\n`}apiVersion: holdfast/v1\nkind: Site\n`;
  const site = await siteIn(start, row.name, old === undefined ? `${NEW}${file}` : file);
  const set: EntryChange[] = [];
  const dropped: EntryChange[] = [];
  for (const { part, of } of PARTS) {
    for (const [key, text] of row[of]) {
      const now = Object.hasOwn(site[of], key) ? site[of][key] : undefined;
      if (text === null && now !== undefined) dropped.push({ part, key, text });
      if (text !== null && now !== text) set.push({ part, key, text });
    }
  }
  const applied = drop ? [...set, ...dropped] : set;
  if (old !== undefined && applied.length === 0 && dropped.length === 0) return undefined;
  const text = editSite(start, file, applied);
  await siteIn(text, row.name, `${NEW}${file}`);
  const names = (changes: readonly EntryChange[]): string[] => changes.map(({ part, key }) => `${part[1]}.${key}`);
  return {
    name: row.name,
    file,
    kind: old === undefined ? 'create' : 'change',
    set: names(set),
    drop: names(dropped),
    text,
  };
}

/** The Site in a text. Throws InputError where the schema or a rule refuses it. */
async function siteIn(text: string, name: string, file: string): Promise<ReturnType<typeof siteOf>> {
  const snapshot: Snapshot = {
    origin: { description: file, name: file },
    revision: '',
    read: async () => ({ content: new TextEncoder().encode(text), executable: false }),
    list: async () => undefined,
  };
  const root = await readDocument(snapshot, file, 'Site');
  if (!root) throw InputError.of(`${file} is empty`);
  return siteOf(root, name);
}
