import { type CompileOne, compileOne } from '../compose/compile-site.ts';
import { projectFolder } from '../compose/load/files/project-folder.ts';
import { possibleSecrets, secretProblem, secretsInValues } from '../compose/private-values/possible-secrets.ts';
import { readProject } from '../compose/read-project.ts';
import { InputError, type Problem } from '../lib/errors.ts';
import { own } from '../lib/maps/own.ts';
import { looksSecret } from '../lib/text/looks-secret.ts';
import type { FleetDocument, PlacedApp } from '../model/fleet.ts';
import type { Snapshot, SourceFile } from '../model/snapshot.ts';
import { recordSnapshot } from '../source/recording.ts';

/** Compiles an app, and looks once for passwords and keys in what it reads from Git. */
export function lookingForSecrets(onFound: (problems: Problem[]) => void): CompileOne {
  const looked = new Set<string>();
  const lookedFiles = new Set<string>();
  return async (app, site, snapshot, options) => {
    for (const { path } of app.valuesFrom ?? []) {
      if (lookedFiles.has(path)) continue;
      lookedFiles.add(path);
      const file = await snapshot.read(path);
      if (file) onFound(secretsInValues(file, path));
    }
    if (looked.has(app.name)) return compileOne(app, site, snapshot, options);
    looked.add(app.name);
    const recorder = recordSnapshot(snapshot);
    const result = await compileOne(app, site, recorder.snapshot, options);
    onFound(await possibleSecretsOf(app, recorder.recorded().files, snapshot));
    return result;
  };
}

/** Passwords and keys in what an app reads from Git. */
async function possibleSecretsOf(
  app: PlacedApp,
  read: Record<string, SourceFile>,
  snapshot: Snapshot,
): Promise<Problem[]> {
  try {
    const { project } = await readProject(app, snapshot, { filesDir: '/', placeholders: true });
    const values = new Set(app.valuesFrom?.map(({ path }) => path));
    const files = Object.fromEntries(Object.entries(read).filter(([path]) => !values.has(path)));
    return possibleSecrets(files, project, projectFolder(app)).map((problem) => ({ ...problem, app: app.name }));
  } catch (error) {
    // Compiling the app reports its problems.
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Passwords and keys in the values of the Fleet or of a Site. */
export const secretsIn = ({ values, valuesAt }: Pick<FleetDocument, 'values' | 'valuesAt'>): Problem[] =>
  Object.entries(values).flatMap(([name, value]) => {
    const at = own(valuesAt, name);
    return at && looksSecret(name, value) ? [secretProblem(at, name)] : [];
  });
