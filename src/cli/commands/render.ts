import { createHash } from 'node:crypto';
import { dump } from 'js-yaml';
import { formatProblem } from '../../lib/errors.ts';
import { line } from '../../lib/text/line.ts';
import { printable } from '../../lib/text/printable.ts';
import type { DesiredApp } from '../../model/state.ts';
import { readDesired } from '../desired.ts';
import { EXIT } from '../exit.ts';
import { noSuchApp, type RenderOptions } from '../render-options.ts';
import { errorPalette, print, printError, printJson } from '../terminal.ts';

/** Prints the desired state of a site, or with `--format compose` of one of its apps. */
export async function render(folder: string | undefined, options: RenderOptions): Promise<number> {
  if (options.format === 'compose') {
    const { renderCompose } = await import('./render-compose.ts');
    return renderCompose(folder, options);
  }
  return renderEngine(folder, options);
}

/** Contents of files, configs and secrets are shown as their digests. */
async function renderEngine(folder: string | undefined, options: RenderOptions): Promise<number> {
  const desired = await readDesired(folder, options, { placeholders: true });
  const chosen = desired.apps.filter(({ name }) => options.app === undefined || name === options.app);
  const broken = desired.broken.filter(({ name }) => options.app === undefined || name === options.app);
  if (options.app !== undefined && chosen.length + broken.length === 0) {
    throw noSuchApp(
      desired.site,
      options.app,
      desired.apps.map(({ name }) => name),
    );
  }
  const shown = { site: desired.site, revision: desired.revision, apps: chosen.map(withoutContents) };
  printShown(shown, options.output);
  for (const { name, problems } of broken) {
    for (const problem of problems)
      printError(line`${errorPalette().error('error:')} ${name}: ${formatProblem(problem)}`);
  }
  return broken.length > 0 ? EXIT.input : EXIT.ok;
}

/** YAML where nothing in it would be obeyed by a terminal or a CI system; else, and where it was asked for, JSON, which is YAML as well. */
function printShown(shown: unknown, output: string | undefined): void {
  const lines = dump(shown, { lineWidth: 120 }).trimEnd().split('\n');
  const isPlain = lines.every((text) => printable(text) === text && !/^\s*::/.test(text));
  if (output === 'json' || !isPlain) printJson(JSON.stringify(shown, null, 2));
  else print(lines);
}

function withoutContents(app: DesiredApp) {
  return {
    ...app,
    files: app.files.map(({ path, digest, mode }) => ({ path, mode: octal(mode), sha256: digest })),
    services: app.services.map(({ siteKeys: _, ...service }) => ({
      ...service,
      containers: service.containers.map((container) => ({
        ...container,
        spec: {
          ...container.spec,
          ...(container.spec.Files && {
            Files: container.spec.Files.map(({ path, content, mode, uid, gid }) => ({
              path,
              mode: octal(mode),
              uid,
              gid,
              sha256: createHash('sha256').update(content).digest('hex'),
            })),
          }),
        },
      })),
    })),
  };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
