import { readApp } from '../../compose/compile-app.ts';
import type { CompileOne } from '../../compose/compile-site.ts';
import type { Project } from '../../compose/keys/project.ts';
import type { CompileOptions } from '../../compose/load/values/values.ts';
import { InputError, type Problem } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { PlacedApp } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { entryOf } from '../../yaml/node.ts';
import { RULES } from './rules.ts';

/** Compiles an app and collects the advice for it, too. */
export function advising(compile: CompileOne, advice: Problem[]): CompileOne {
  // Sites with other overlays get the same advice for a service.
  const told = new Set<string>();
  return async (app, site, snapshot, options) => {
    for (const problem of await advise(app, site, snapshot, options)) {
      const key = `${app.name} ${problem.message}`;
      if (!told.has(key)) advice.push(problem);
      told.add(key);
    }
    return compile(app, site, snapshot, options);
  };
}

/** Gives the advice for one app of a site; none where the app cannot be read: compiling it reports that. Throws SourceError. */
async function advise(app: PlacedApp, site: string, snapshot: Snapshot, options: CompileOptions): Promise<Problem[]> {
  try {
    const { name, project } = await readApp(app, site, snapshot, options);
    return adviceFor(project).map((problem) => ({ ...problem, app: name }));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** The advice for all services of a project, by the rules that each does not silence. */
export const adviceFor = ({ services }: Pick<Project, 'services'>): Problem[] =>
  [...services.values()].flatMap((service) => {
    const silenced = service.keys['x-holdfast']?.ignoreAdvice ?? [];
    const found = RULES.filter(({ name }) => !silenced.includes(name)).flatMap((rule) =>
      rule.find(service).map(
        ({ at = service.at, found }): Problem => ({
          at,
          message: `${service.name} ${found}: ${rule.reason}`,
          hint: `${rule.name}: ${rule.remedy}`,
        }),
      ),
    );
    const names = RULES.map(({ name }) => name);
    const at = entryOf(entryOf(service.node, 'x-holdfast')?.value, 'ignoreAdvice')?.keyAt ?? service.at;
    const unknown = silenced.filter((name) => !names.includes(name));
    return [
      ...found,
      ...unknown.map((name) => ({
        at,
        message: `ignoreAdvice of ${service.name}: there is no rule ${name}`,
        hint: meant(name, names),
      })),
    ];
  });

function meant(name: string, names: readonly string[]): string {
  const near = didYouMean(name, names);
  return near === undefined ? `the rules are ${names.join(', ')}` : `did you mean ${near}?`;
}
