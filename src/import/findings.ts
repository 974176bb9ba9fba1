import { basename } from 'node:path';
import { compileSite } from '../compose/compile-site.ts';
import { FILES_DIR } from '../compose/load/values/values.ts';
import { possibleSecrets } from '../compose/private-values/possible-secrets.ts';
import { readFleet } from '../fleet/open-fleet.ts';
import { listSites, placeSite } from '../fleet/place-site.ts';
import { InputError, type Problem } from '../lib/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { folderSnapshot } from '../source/folder-snapshot.ts';
import type { Target } from './application.ts';
import type { Stack } from './stack.ts';

export interface Findings {
  /** Problems that a person should look at. */
  warnings: Problem[];
  /** Problems for which `validate` refuses the app. */
  errors: Problem[];
  /** True if services bind files of Git, so that sites write them. */
  bindsFiles: boolean;
}

/** Looks at an Application that was written, on the repo's first site. */
export async function findingsOf(stack: Stack, { root, folder }: Target): Promise<Findings> {
  const snapshot = await folderSnapshot(root);
  const { warnings, ...compiled } = await compiledFindings(snapshot, basename(folder));
  const secrets = possibleSecrets(stack.files, stack.project, '').map((problem) => inFolder(problem, folder));
  const writable = stack.writable.map((path) => ({
    message: `${folder}/${path} is mounted writable: Git decides its content now; mount it :ro, or take it out of Git if containers write to it`,
  }));
  const unknown = await unknownTo(snapshot, stack.variables);
  const values = {
    message: `${unknown.join(', ')} must have a value, which docker compose took from its environment: add them to siteValues in fleet.yaml where each site has its own, else to values`,
  };
  return {
    ...compiled,
    warnings: [...secrets, ...writable, ...(unknown.length > 0 ? [values] : []), ...warnings],
  };
}

async function compiledFindings(snapshot: Snapshot, app: string): Promise<Findings> {
  try {
    await readFleet(snapshot);
    const [site = ''] = await listSites(snapshot);
    const placed = await placeSite(snapshot, { site });
    const desired = await compileSite(placed, snapshot, { filesDir: FILES_DIR, placeholders: true });
    const apps = desired.apps.filter(({ name }) => name === app);
    return {
      warnings: apps.flatMap(({ warnings, missing = [] }) => [...warnings, ...missing]),
      errors: desired.broken.filter(({ name }) => name === app).flatMap(({ problems }) => problems),
      bindsFiles: apps.some(({ files }) => files.length > 0),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { warnings: [], errors: [...error.problems], bindsFiles: false };
  }
}

/** Variables that the repo's Fleet gives no value and does not leave to the sites. */
async function unknownTo(snapshot: Snapshot, variables: string[]): Promise<string[]> {
  try {
    const { values, siteValues } = await readFleet(snapshot);
    return variables.filter((name) => !(name in values) && !siteValues.includes(name));
  } catch (error) {
    // Problems of fleet.yaml are among the errors.
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** The problem with the path that its file has in the repo. */
const inFolder = (problem: Problem, folder: string): Problem =>
  problem.at ? { ...problem, at: { ...problem.at, file: `${folder}/${problem.at.file}` } } : problem;
