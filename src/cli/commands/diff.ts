import { discreetEngine } from '../../agent/discreet-engine.ts';
import { outsideValues } from '../../compose/outside-values.ts';
import { guardFolders } from '../../files/guard-folders.ts';
import { createHostFiles } from '../../files/host-files.ts';
import { formatProblem } from '../../lib/errors.ts';
import { line } from '../../lib/line.ts';
import { emptyMemory } from '../../model/memory.ts';
import { adopting } from '../../plan/adopted.ts';
import { learnFromState } from '../../plan/learn.ts';
import { plan } from '../../plan/plan.ts';
import { renderJson, renderText } from '../../plan/render.ts';
import { imagesOf } from '../../spec/mounts.ts';
import { type DesiredOptions, readDesired } from '../desired.ts';
import { filesAsWanted, isElsewhere } from '../elsewhere.ts';
import { withEngine } from '../engine.ts';
import { EXIT } from '../exit.ts';
import { errorPalette, palette, print, printError, printJson } from '../terminal.ts';
import { territoryByHand } from '../territory.ts';

export interface DiffOptions extends DesiredOptions {
  output: 'text' | 'json';
  prune: boolean;
}

/** Prints the plan that `apply` would carry out. Apps that cannot be planned are said on standard error; the others are printed. */
export async function diff(folder: string | undefined, options: DiffOptions): Promise<number> {
  const territory = territoryByHand(folder, options);
  const outside = outsideValues();
  const read = await readDesired(folder, options, { placeholders: true, engine: true, outside });
  const elsewhere = await isElsewhere(options.dockerHost);
  const desired = elsewhere ? read : await guardFolders(read, territory);
  const made = await withEngine(desired.site, options.dockerHost, async (opened) => {
    const engine = discreetEngine(opened, outside.hide);
    const images = desired.apps.flatMap((app) =>
      app.services.flatMap(({ containers }) => containers.flatMap(({ spec }) => imagesOf(spec))),
    );
    const actual = await engine.observe({ images: [...new Set(images)], adopt: adopting(desired, emptyMemory()) });
    const asked = desired.apps.flatMap((app) => app.files.map(({ path, content }) => ({ path, size: content.length })));
    const files = elsewhere ? filesAsWanted(desired) : await createHostFiles(territory).observe(asked);
    if (elsewhere && asked.length > 0)
      printError(
        'the engine is on another machine: files of Git are compared by the labels of the containers that bind them, not on its disk',
      );
    const how = { byHand: true, prune: options.prune, pullAlways: false };
    const seen = { ...actual, files };
    return plan(desired, seen, learnFromState(emptyMemory(), desired, seen, 0), 0, how);
  });

  if (options.output === 'json') printJson(renderJson(made));
  else print(renderText(made, palette(), desired.broken.length));
  for (const { name, problems } of desired.broken) {
    for (const problem of problems)
      printError(line`${errorPalette().error('error:')} ${name}: ${formatProblem(problem)}`);
  }
  const unplanned = made.apps.some(({ problems }) => problems.some(({ severity }) => severity === 'error'));
  if (desired.broken.length > 0 || unplanned) return EXIT.input;
  return made.apps.some(({ operations }) => operations.length > 0) ? EXIT.differences : EXIT.ok;
}
