import { Command, CommanderError, Option } from 'commander';
import { formatProblem, HoldfastError, InputError } from '../lib/errors.ts';
import { line } from '../lib/text/line.ts';
import { EXIT } from './exit.ts';
import { agentOption, agentSettings } from './settings.ts';
import { errorPalette, printError } from './terminal.ts';
import { VERSION } from './version.ts';

const RENDER_HELP = `--format engine shows contents of files, configs and secrets as their digests. --format compose prints JSON; relative paths are
those of the folder on this machine. Values of variables, and the contents of configs and secrets that stand in the Compose file, appear
in it as they are.`;

const PUSH_HELP = `The first --revision is what sites without one follow. Beacons of the revisions go along. Credentials are those of \`docker login\`
(DOCKER_CONFIG, credential helpers). A registry on this machine may speak plain HTTP, every other one is asked by HTTPS.`;

/** Runs the command line and resolves to the exit code. Never throws: an error becomes one clear message on standard error. */
export async function run(args: string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = build((result) => {
    code = result;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.input;
    return report(error);
  }
}

function report(error: unknown): number {
  const palette = errorPalette();
  if (error instanceof InputError) {
    for (const problem of error.problems) printError(line`${palette.error('error:')} ${formatProblem(problem)}`);
    return EXIT.input;
  }
  if (error instanceof HoldfastError) {
    printError(line`${palette.error('error:')} ${error.message}`);
    // What cannot be reached was never changed: an engine that fails later on fails an app, which is no error of the command.
    return error.code === 'SOURCE' || error.code === 'ENGINE' ? EXIT.input : EXIT.failed;
  }
  const calls = error instanceof Error ? (error.stack ?? '').split('\n').filter((text) => /^ {4}at /.test(text)) : [];
  printError(line`${palette.error('this is a defect in Holdfast:')} ${String(error)}`);
  printError(calls);
  return EXIT.failed;
}

function build(setCode: (code: number) => void): Command {
  const program = new Command('holdfast')
    .description('GitOps for fleets of edge sites: Compose files in Git become running containers, and stay so.')
    .version(VERSION, '-V, --version')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ outputError: (text) => printError(text.trimEnd().split('\n')) })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help says what there is)');

  desired(
    program.command('apply'),
    'Bring the containers of this machine to what the folder or repo says, repeating until it is so.',
  )
    .option('--prune', 'remove what Git no longer names, whatever the policy says', false)
    .option('--timeout <duration>', 'give up after this long', '5m')
    .addHelpText('after', exitCodes('converged', 'an app failed, or time ran out', 'bad input; nothing was changed'))
    .action(async (folder, options) => setCode(await (await import('./commands/apply.ts')).apply(folder, options)));

  desired(
    program.command('diff'),
    'Print the plan that would bring the containers of this machine to what the folder or repo says. Changes nothing.',
  )
    .option('--prune', 'plan as `apply --prune` would', false)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      exitCodes('no difference', 'differences', 'bad input, or an app that cannot be planned; the others are printed'),
    )
    .action(async (folder, options) => setCode(await (await import('./commands/diff.ts')).diff(folder, options)));

  desired(program.command('down'), "Stop and remove the containers and networks of the site's apps. Volumes stay.")
    .option('--timeout <duration>', 'give up after this long', '5m')
    .option('-y, --yes', 'do not ask first (nobody is asked where standard input is no terminal)', false)
    .addHelpText('after', exitCodes('all gone', 'something could not be removed', 'bad input; nothing was changed'))
    .action(async (folder, options) => setCode(await (await import('./commands/down.ts')).down(folder, options)));

  desired(
    program.command('validate'),
    'Check a config repo without an engine or a network: all of it, or what one --site reads.',
    { engine: false },
  )
    .addHelpText('after', exitCodes('valid', 'never', 'problems, each with its file, line and column'))
    .action(async (folder, options) =>
      setCode(await (await import('./commands/validate.ts')).validate(folder, options)),
    );

  desired(program.command('render'), 'Print what a site should run, in the words of the Engine API or of Compose.', {
    engine: false,
  })
    .addOption(
      new Option('--format <words>', 'whose words: `compose` prints one app as `docker compose config` does')
        .choices(['engine', 'compose'])
        .default('engine'),
    )
    .addOption(
      new Option('-o, --output <syntax>', 'how to print it (default: yaml, of compose json)').choices(['yaml', 'json']),
    )
    .option('--app <name>', 'this app only')
    .addHelpText('after', `\n${RENDER_HELP}\n${exitCodes('printed', 'never', 'bad input')}`)
    .action(async (folder, options) => setCode(await (await import('./commands/render.ts')).render(folder, options)));

  program
    .command('import')
    .description(
      'Make an Application of what runs with `docker compose`: copy its files into a config repo, and say what is left to do.',
    )
    .argument('[files...]', 'Compose files in merge order, or a folder (default: what docker compose finds here)')
    .option('--into <folder>', "the Application's folder (default: apps/PROJECT, in the folder where this runs)")
    .option('--profile <name>', 'a profile to run; may be given again', collect, [])
    .option(
      '--copy <folder>',
      'take this folder into Git although containers write to it; may be given again',
      collect,
      [],
    )
    .option('--adopt', 'take over the containers that run (default: where a stack of that name runs from that folder)')
    .option('--no-adopt', 'leave alone what runs')
    .option(
      '--project-directory <dir>',
      'where relative paths lie on the site (default: of a stack that is adopted, its folder)',
    )
    .option('--site <name>', 'what to call the first site of a repo that has none', 'site-1')
    .option('--force', 'overwrite files that differ', false)
    .option('--docker-host <url>', 'the engine to look for the stack (default: DOCKER_HOST, or the local socket)')
    .addHelpText(
      'after',
      exitCodes('imported', 'imported, but validate refuses some of it', 'bad input; nothing was written'),
    )
    .action(async (files, options) =>
      setCode(await (await import('./commands/import.ts')).importStack(files, options)),
    );

  program
    .command('verify')
    .description(
      'Say what a site would accept of a Git repo, commit by commit, and why not. A folder is taken as a clone; git is needed.',
    )
    .argument('[folder]', 'a clone of the config repo')
    .option('--repo <url>', 'ask a Git repo, an artifact (oci://) or a .bundle file instead of a folder')
    .option('--revision <ref>', 'what the site follows: a branch, tag or commit (default: HEAD)')
    .option('--path <dir>', "the config repo's folder in the repo")
    .option('--site <name>', 'also say whether this site may read what its Site pins')
    .option('--trust <file>', "the site's trust.yaml (default: that of the repo, where the site stands)")
    .option(
      '--from <commit>',
      'where the site stands: what it accepted last (default: a site that has accepted nothing yet)',
    )
    .addHelpText('after', exitCodes('the site would accept it', 'it would not', 'bad input'))
    .action(async (folder, options) => setCode(await (await import('./commands/verify.ts')).verify(folder, options)));

  program
    .command('beacon')
    .description(
      'Sign what a revision is at, and until when that may be believed, so that sites notice a frozen server. Needs git.',
    )
    .argument('[folder]', 'a clone of the config repo')
    .option('--revision <ref>', 'what the sites follow, as they are told it', 'HEAD')
    .option('--commit <commit>', 'what it is at (default: what the clone says)')
    .requiredOption('--key <file>', 'an SSH key that may sign for holdfast-beacon; a .pub file for one in an ssh-agent')
    .option('--valid <duration>', 'for how long', '24h')
    .option('--sequence <number>', 'which it is; sites believe no lower one (default: the time in seconds)')
    .option('--push <remote>', 'send it there')
    .addHelpText('after', exitCodes('signed', 'never', 'bad input, or Git or ssh-keygen failed'))
    .action(async (folder, options) => setCode(await (await import('./commands/beacon.ts')).beacon(folder, options)));

  program
    .command('push')
    .description(
      'Send branches and tags of a clone to a container registry, where sites follow them with --repo oci://…. Needs git.',
    )
    .argument('<where...>', 'a clone of the config repo (default: where this runs), and oci://REGISTRY/NAME:TAG')
    .usage('[options] [folder] oci://REGISTRY/NAME:TAG')
    .option('--revision <ref>', 'a branch or a tag; may be given again (default: the current branch)', collect)
    .option('--tags', 'all tags as well, for sites that follow a range of versions', false)
    .option('--squash', 'fold the layers that lie there into one, which sites that have them need not download', false)
    .option('--force', 'also where that takes commits back, or replaces something else', false)
    .addHelpText(
      'after',
      `\n${PUSH_HELP}\n${exitCodes('it lies there', 'never', 'bad input, or Git or the registry failed')}`,
    )
    .action(async (where, options) => setCode(await (await import('./commands/push.ts')).push(where, options)));

  const agent = program
    .command('agent')
    .description(
      'Keep this site as its config repo says: poll, plan, apply, heal, prune. Runs until it is told to stop.',
    );
  for (const setting of agentSettings) if (!setting.secret) agent.addOption(agentOption(setting));
  agent
    .option('--config <file>', 'a YAML file with any of these settings (environment: HOLDFAST_CONFIG)')
    .addHelpText(
      'after',
      `\nEvery option is also an environment variable and a key of the config file; the option wins, then the variable.\nSIGHUP makes it look at the repo and at the engine at once.\n${exitCodes('stopped by SIGTERM or SIGINT', 'it could not go on, and said why', 'bad input; nothing was changed')}`,
    )
    .action(async (options) => setCode(await (await import('./commands/agent.ts')).agent(options)));

  return program;
}

/** What all commands that read desired state share. */
function desired(command: Command, description: string, { engine = true } = {}): Command {
  command
    .description(description)
    .argument('[folder]', 'the config repo, or a folder with a compose.yaml; uncommitted files count', undefined)
    .option(
      '--repo <url>',
      'read a Git repo (https://, ssh://), an artifact (oci://) or a .bundle file instead of a folder',
    )
    .option('--revision <ref>', 'with --repo: a branch, tag, range of versions (^1.2) or commit (default: its HEAD)')
    .option('--path <dir>', "the config repo's folder in the repo")
    .option('--site <name>', 'the site (not needed where there is one)')
    .option('--values <file>', "the site's own values, which are not in Git: a flat YAML mapping")
    .option('--env', "let the process's environment fill in variables as well", false)
    .option('--files-dir <dir>', 'where files of Git that services bind lie on the site', '/var/lib/holdfast/apps');
  if (engine) {
    command
      .option('--project-root <dir>', ROOT_HELP, collect)
      .option('--shared-root <dir>', 'the same, and several apps may write to one folder in it', collect)
      .option('--docker-host <url>', 'the engine (default: DOCKER_HOST, or the local socket)')
      .option('--adopt', 'take what `docker compose` started under the names of the apps for ours, this time', false);
  }
  return command;
}

const ROOT_HELP = 'a folder in which Applications may have their projectDirectory and files of Git; may be given again';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

const exitCodes = (...meanings: string[]): string =>
  `\nExit codes:\n${meanings.map((meaning, code) => `  ${code}  ${meaning}`).join('\n')}`;
