import { createHash } from 'node:crypto';
import { dump } from 'js-yaml';
import { factsBy } from '../../../fleet/facts/known-site.ts';
import { formatProblem } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { printable } from '../../../lib/text/printable.ts';
import type { DesiredApp, DesiredService } from '../../../model/state.ts';
import { defineCommand } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { folderArgument } from '../../options/desired-options.ts';
import { noSuchApp, type RenderOptions, renderOptions } from '../../options/render-options.ts';
import { errorPalette, print, printError, printJson } from '../../output/terminal.ts';
import { readDesired } from '../../repo/desired.ts';
import { knownSites, tellParked } from '../../repo/known-sites.ts';

const NOTES = `--format engine shows digests in place of the contents of files, configs and secrets. --format compose shows these contents and values of
variables as they are, and relative paths as those of the folder on this machine.`;

export const command = defineCommand({
  argument: folderArgument,
  options: renderOptions,
  notes: NOTES,
  exitCodes: { 0: 'printed', 2: 'bad input' },
  async run(folder, options) {
    if (options.format === 'engine') return renderEngine(folder, options);
    const { renderCompose } = await import('../../render-compose.ts');
    return renderCompose(folder, options);
  },
});

/** Contents of files, configs and secrets are shown as their digests. */
async function renderEngine(folder: string | undefined, options: RenderOptions): Promise<number> {
  const known = knownSites(options.facts);
  const desired = await readDesired(folder, options, { placeholders: true, facts: factsBy(known) });
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
  await tellParked(known, desired.site, chosen);
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
    services: app.services.map(withoutFileContents),
    ...(app.syncHooks && {
      syncHooks: app.syncHooks.map((hook) => ({ ...hook, service: withoutFileContents(hook.service) })),
    }),
  };
}

function withoutFileContents({ siteKeys: _, ...service }: DesiredService) {
  return {
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
  };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
