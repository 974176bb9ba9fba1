import { join, relative, resolve } from 'node:path';
import { lineFor } from '../../../apply/guard-folders.ts';
import { type Target, targetOf, writeApplication } from '../../../import/application.ts';
import { findingsOf } from '../../../import/findings.ts';
import { readStack, type Stack } from '../../../import/stack.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { EngineError, formatProblem } from '../../../lib/errors.ts';
import { own } from '../../../lib/maps/own.ts';
import { line } from '../../../lib/text/line.ts';
import { any, defineCommand } from '../../command.ts';
import { withEngine } from '../../engine/engine.ts';
import { EXIT } from '../../exit.ts';
import { text } from '../../options/kinds.ts';
import { onOff, optional, repeated, withDefault, yesNo } from '../../options/option.ts';
import { errorPalette, palette, print, printError } from '../../output/terminal.ts';

export const command = defineCommand({
  argument: any(
    'files',
    'Compose files in merge order, or a folder (default: the ones that docker compose finds in the current folder)',
  ),
  options: {
    into: optional(text('folder'), "the Application's folder (default: apps/PROJECT, below the current folder)"),
    profile: repeated(text('name'), 'a profile to run'),
    copy: repeated(text('folder'), 'take this folder into Git although containers write to it'),
    adopt: yesNo(
      'take over the containers that run (default: if a stack of that name runs from that folder)',
      'leave the running containers alone',
    ),
    projectDirectory: optional(
      text('dir'),
      'the folder on the site that relative paths start from (default: the folder of an adopted stack)',
    ),
    site: withDefault(text('name'), 'site-1', 'the name of the first site of a repo that has none'),
    force: onOff('overwrite files that differ'),
    dockerHost: optional(text('url'), 'the engine where the stack may run (default: DOCKER_HOST, or the local socket)'),
  },
  exitCodes: {
    0: 'imported',
    1: 'imported, but validate refuses some of it',
    2: 'bad input; nothing was written',
  },
  async run(files, options) {
    const stack = await readStack({ files, copy: options.copy, profiles: options.profile });
    const target = targetOf(stack, options.into);
    const running = options.adopt === false ? undefined : await runningStack(stack, options.dockerHost);
    const adopt = options.adopt ?? running?.includes(stack.dir) ?? false;
    const projectDirectory = options.projectDirectory ?? (adopt && running?.length === 1 ? running[0] : undefined);
    const { site, force } = options;
    const written = await writeApplication(systemDisk, stack, target, { adopt, projectDirectory, site, force });

    print(palette().bold(`imported ${stack.name} from ${stack.dir}`));
    for (const path of written) print(palette().add(`  + ${path}`));
    if (written.length === 0) print('  all of it was there already');
    print(leftOut(stack, target, projectDirectory));
    if (adopt) print(`  adopts what docker compose runs${projectDirectory ? ` from ${projectDirectory}` : ''}`);
    else if (running?.length)
      print(`  not adopted: a stack called ${stack.name} runs from ${running.join(' and ')} (--adopt takes it over)`);

    const { warnings, errors, bindsFiles } = await findingsOf(stack, target);
    if (projectDirectory !== undefined && bindsFiles)
      print(
        `  files of Git are written to ${projectDirectory}, which its sites must allow: ${lineFor('projectRoot', projectDirectory)}`,
      );
    const { change, error } = errorPalette();
    for (const problem of warnings) printError(line`${change('warning:')} ${formatProblem(problem)}`);
    for (const problem of errors) printError(line`${error('error:')} ${formatProblem(problem)}`);
    print(next(relative(resolve('.'), target.root) || '.', errors.length));
    return errors.length > 0 ? EXIT.failed : EXIT.ok;
  },
});

function leftOut({ dir, left, outside }: Stack, { folder }: Target, projectDirectory: string | undefined): string[] {
  return [
    ...left.map(
      (path) =>
        `  left out: ${path}, since containers write to it. On a site it lies in ${projectDirectory ?? "the app's folder"} (--copy ${path} takes it into Git)`,
    ),
    ...outside.map(
      (path) =>
        `  left out: ${path}, since it lies outside of ${dir}. On a site it is ${projectDirectory ? join(projectDirectory, path) : `the copy of Git's ${join(folder, path)}, or if Git has none, ${path} from the app's folder`}`,
    ),
  ];
}

/** The folders that a stack of this name runs from; undefined if no engine answers. */
async function runningStack({ name }: Stack, dockerHost: string | undefined): Promise<string[] | undefined> {
  try {
    const stacks = await withEngine('', dockerHost, (engine) => engine.stacks());
    return own(stacks, name) ?? [];
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'unreachable') return undefined;
    throw error;
  }
}

const next = (root: string, errors: number): string =>
  errors > 0
    ? `Next: correct what is refused above, until \`holdfast validate ${root}\` finds it valid.`
    : `Next: \`holdfast validate ${root}\`, then on the site \`holdfast diff ${root}\` shows what would change; commit when it is what you want.`;
