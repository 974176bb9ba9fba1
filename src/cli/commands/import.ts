import { basename, dirname, join, relative, resolve } from 'node:path';
import { lineFor } from '../../apply/guard-folders.ts';
import { compileSite } from '../../compose/compile-site.ts';
import { suspectsIn } from '../../compose/suspects.ts';
import { listSites, placeSite, readFleet } from '../../fleet/place-site.ts';
import { applicationText, fleetText, siteText } from '../../import/documents.ts';
import { readStack, type Stack } from '../../import/stack.ts';
import { writeNew } from '../../import/write.ts';
import { systemDisk } from '../../lib/disk.ts';
import { EngineError, formatProblem, InputError, type Problem } from '../../lib/errors.ts';
import { own } from '../../lib/own.ts';
import { line } from '../../lib/text/line.ts';
import type { SourceFile } from '../../model/snapshot.ts';
import { folderSource } from '../../source/folder-source.ts';
import { any, defineCommand } from '../command.ts';
import { withEngine } from '../engine.ts';
import { EXIT } from '../exit.ts';
import { text } from '../options/kinds.ts';
import { onOff, optional, repeated, withDefault, yesNo } from '../options/option.ts';
import { errorPalette, palette, print, printError } from '../terminal.ts';

export const command = defineCommand({
  argument: any('files', 'Compose files in merge order, or a folder (default: what docker compose finds here)'),
  options: {
    into: optional(text('folder'), "the Application's folder (default: apps/PROJECT, in the folder where this runs)"),
    profile: repeated(text('name'), 'a profile to run'),
    copy: repeated(text('folder'), 'take this folder into Git although containers write to it'),
    adopt: yesNo(
      'take over the containers that run (default: where a stack of that name runs from that folder)',
      'leave alone what runs',
    ),
    projectDirectory: optional(
      text('dir'),
      'the folder on the site that relative paths start from (default: the folder of an adopted stack)',
    ),
    site: withDefault(text('name'), 'site-1', 'the name of the first site of a repo that has none'),
    force: onOff('overwrite files that differ'),
    dockerHost: optional(text('url'), 'the engine to look for the stack (default: DOCKER_HOST, or the local socket)'),
  },
  exitCodes: {
    0: 'imported',
    1: 'imported, but validate refuses some of it',
    2: 'bad input; nothing was written',
  },
  async run(files, options) {
    const stack = await readStack({ files, copy: options.copy, profiles: options.profile });
    const { root, folder } = target(stack, options.into);
    const running = options.adopt === false ? undefined : await runningStack(stack, options.dockerHost);
    const adopt = options.adopt ?? running?.includes(stack.dir) ?? false;
    const projectDirectory = options.projectDirectory ?? (adopt && running?.length === 1 ? running[0] : undefined);

    const wanted: Record<string, string> = {
      [`${folder}/app.yaml`]: applicationText({
        ...(!stack.isDefault && { compose: stack.compose }),
        profiles: stack.profiles,
        adopt,
        ...(projectDirectory !== undefined && { projectDirectory }),
      }),
      ...(await missingDocuments(root, stack, options.site)),
    };
    const written = await writeNew(
      systemDisk,
      root,
      {
        ...Object.fromEntries(Object.entries(stack.files).map(([path, file]) => [`${folder}/${path}`, file])),
        ...Object.fromEntries(Object.entries(wanted).map(([path, text]) => [path, fileOf(text)])),
      },
      options.force,
    );

    const say = palette();
    print(say.bold(`imported ${stack.name} from ${stack.dir}`));
    for (const path of written) print(say.add(`  + ${path}`));
    if (written.length === 0) print('  all of it was there already');
    for (const path of stack.left)
      print(
        `  left out: ${path}, since containers write to it. On a site it lies in ${projectDirectory ?? "the app's folder"} (--copy ${path} takes it into Git)`,
      );
    for (const path of stack.outside)
      print(
        `  left out: ${path}, since it lies outside of ${stack.dir}. On a site it is ${projectDirectory ? join(projectDirectory, path) : `what Git has at ${join(folder, path)}, else ${path} from the app's folder`}`,
      );
    if (adopt) print(`  adopts what docker compose runs${projectDirectory ? ` from ${projectDirectory}` : ''}`);
    else if (running?.length)
      print(`  not adopted: a stack called ${stack.name} runs from ${running.join(' and ')} (--adopt takes it over)`);

    const warn = (text: string): void => printError(line`${errorPalette().change('warning:')} ${text}`);
    for (const problem of suspectsIn(stack.files, stack.project, '')) warn(formatProblem(inFolder(problem, folder)));
    for (const path of stack.writable) {
      warn(
        `${folder}/${path} is mounted writable: Git decides its content now; mount it :ro, or take it out of Git if containers write to it`,
      );
    }
    const unknown = await unknownTo(root, stack.variables);
    if (unknown.length > 0) {
      warn(
        `${unknown.join(', ')} must have a value, which docker compose took from its environment: add them to siteValues in fleet.yaml where each site has its own, else to values`,
      );
    }
    const { warnings, errors, writes } = await problemsOf(root, basename(folder));
    if (projectDirectory !== undefined && writes)
      print(
        `  files of Git are written to ${projectDirectory}, which its sites must allow: ${lineFor('projectRoot', projectDirectory)}`,
      );
    for (const problem of warnings) warn(formatProblem(problem));
    for (const problem of errors) printError(line`${errorPalette().error('error:')} ${formatProblem(problem)}`);
    print(next(relative(resolve('.'), root) || '.', errors.length));
    return errors.length > 0 ? EXIT.failed : EXIT.ok;
  },
});

/** The config repo and the Application's folder in it. */
function target({ name, dir }: Stack, into: string | undefined): { root: string; folder: string } {
  const path = resolve(into ?? join('apps', name));
  const root = dirname(dirname(path));
  if (basename(dirname(path)) !== 'apps') {
    throw InputError.at(undefined, `--into ${into} is no place for an Application`, 'an Application lies in apps/NAME');
  }
  if (root === dir) {
    const hint = 'run it in the folder of your config repo, or name one with --into ../fleet/apps/NAME';
    throw InputError.at(undefined, 'the config repo would lie in the folder of the stack itself', hint);
  }
  return { root, folder: `apps/${basename(path)}` };
}

/** The folders that a stack of this name runs from; undefined where no engine can be asked. */
async function runningStack({ name }: Stack, dockerHost: string | undefined): Promise<string[] | undefined> {
  try {
    const stacks = await withEngine('', dockerHost, (engine) => engine.stacks());
    return own(stacks, name) ?? [];
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'unreachable') return undefined;
    throw error;
  }
}

/** A Fleet and a site where the repo has none. */
async function missingDocuments(root: string, stack: Stack, site: string): Promise<Record<string, string>> {
  const hasFleet = (await systemDisk.read(join(root, 'fleet.yaml'))) !== undefined;
  const hasSites = (await systemDisk.list(join(root, 'sites'))).length > 0;
  return {
    ...(!hasFleet && { 'fleet.yaml': fleetText(basename(root), stack.variables) }),
    ...(!hasSites && { [`sites/${site}.yaml`]: siteText() }),
  };
}

const fileOf = (text: string): SourceFile => ({ content: new TextEncoder().encode(text), executable: false });

/** Variables that the repo's Fleet does not speak of. */
async function unknownTo(root: string, variables: string[]): Promise<string[]> {
  try {
    const { values, siteValues } = await readFleet(await folderSource(root));
    return variables.filter((name) => !(name in values) && !siteValues.includes(name));
  } catch (error) {
    // What is wrong with fleet.yaml is told with the other problems.
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** What `validate` says of the new app, on the repo's first site; `writes`: it has files of Git that services bind. */
async function problemsOf(
  root: string,
  app: string,
): Promise<{ warnings: Problem[]; errors: Problem[]; writes: boolean }> {
  const snapshot = await folderSource(root);
  try {
    await readFleet(snapshot);
    const [site = ''] = await listSites(snapshot);
    const desired = await compileSite(await placeSite(snapshot, { site }), snapshot, {
      filesDir: '/var/lib/holdfast/apps',
      placeholders: true,
    });
    return {
      writes: desired.apps.some(({ name, files }) => name === app && files.length > 0),
      warnings: desired.apps
        .filter(({ name }) => name === app)
        .flatMap(({ warnings, missing = [] }) => [...warnings, ...missing]),
      errors: desired.broken.filter(({ name }) => name === app).flatMap(({ problems }) => problems),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { warnings: [], errors: [...error.problems], writes: false };
  }
}

/** The same, of a file that was copied to a folder of the repo. */
const inFolder = (problem: Problem, folder: string): Problem =>
  problem.at ? { ...problem, at: { ...problem.at, file: `${folder}/${problem.at.file}` } } : problem;

const next = (root: string, errors: number): string =>
  errors > 0
    ? `Next: put right what is refused above, until \`holdfast validate ${root}\` finds it valid.`
    : `Next: \`holdfast validate ${root}\`, then on the site \`holdfast diff ${root}\` shows what would change; commit when it is what you want.`;
