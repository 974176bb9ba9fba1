import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { NoEngineError, type UsableEngine, usableEngine } from '../scripts/engine.ts';
import { cleanupAtExit } from '../scripts/machine/cleanup.ts';
import { install, isDebian, isRoot } from '../scripts/machine/debian.ts';
import { hasCommand } from '../scripts/machine/processes.ts';
import { containersOf, networksOf } from '../test/support/site/site.ts';
import { claim, DEMO_DIR, ownerOf, SITE, unclaim } from './claim.ts';
import { freeApp, freePorts } from './free.ts';
import { buildImages, IMAGES, image, removeImages } from './shop.ts';
import { clear, createStage, type Stage } from './stage.ts';
import { story } from './story.ts';
import { NotSeenError, paints, type Teller, terminalTeller } from './teller.ts';

/** `npm run demo [-- --keep | --clean]`: plays the story on this machine's engine, or on a private one that it starts, and leaves nothing behind. */
const USAGE = `usage: npm run demo [-- OPTION]
  --keep    leave everything running at the end, and say how to reach it
  --clean   end what --keep (or a demo that was killed) left running`;

/** An error about this machine or the arguments. Its sentence is enough; a stack trace is not printed. */
class CannotPlayError extends Error {}

const { stdout } = process;
const hasColours = Boolean(stdout.isTTY) && !process.env.NO_COLOR;
const paint = paints(hasColours);
const say = (line: string): void => void stdout.write(`${line}\n`);

async function main(args: string[]): Promise<number> {
  const wish = parse(args);
  if (!wish) {
    say(USAGE);
    return 2;
  }
  const abort = new AbortController();
  const { signal } = abort;
  const cleanup = cleanupAtExit(() => {
    abort.abort();
    say(`\n${paint.dim('Interrupted: cleaning up …')}`);
  });
  // The reader is gone, as after `| head`. The demo ends as if its terminal was closed.
  stdout.on('error', () => process.kill(process.pid, 'SIGHUP'));
  const write = (text: string): void => void stdout.write(text);
  const terminal = { isTTY: Boolean(stdout.isTTY), hasColours, width: stdout.columns ?? 120, write };
  cleanup.add(async () => {
    if (signal.aborted) say(paint.dim(GONE));
  });
  let settled: Promise<unknown> = Promise.resolve();
  const playing: Playing = {
    teller: terminalTeller(terminal, signal),
    signal,
    // An interrupted step finishes first and is undone then.
    undoing: (undo) => cleanup.add(() => settled.then(undo)),
  };
  const work = (wish.clean ? clean() : play(wish.keep, playing)).then(
    (end) => ({ end }),
    (error: unknown) => ({ error }),
  );
  settled = work;
  process.once('uncaughtException', (error) => {
    explain(error);
    void cleanup.run().then(() => process.exit(1));
  });
  const result = await work;
  // The user interrupted the demo, so no message is needed; the signal's handler ends the process.
  if (signal.aborted) return new Promise<never>(() => {});
  try {
    if ('error' in result) throw result.error;
    return await result.end(() => cleanup.run());
  } catch (error) {
    const code = explain(error);
    await cleanup.run();
    return code;
  }
}

function parse(args: string[]): { keep: boolean; clean: boolean } | undefined {
  try {
    const { values } = parseArgs({ args, options: { keep: { type: 'boolean' }, clean: { type: 'boolean' } } });
    return { keep: values.keep ?? false, clean: values.clean ?? false };
  } catch {
    return undefined;
  }
}

interface Playing {
  teller: Teller;
  signal: AbortSignal;
  /** Registers a cleanup that runs at every end of the demo. */
  undoing(undo: () => Promise<void>): void;
}

/** The work after the story: cleaning up, or keeping everything, and the last messages. */
type End = (cleanUp: () => Promise<void>) => Promise<number>;

async function play(keep: boolean, playing: Playing): Promise<End> {
  const { teller, signal } = playing;
  const started = performance.now();
  say(`${paint.bold('Holdfast')}: the containers are as Git says.`);
  say(paint.dim('For every ✔ below, the demo asks the container engine or the page, and not the agent.\n'));
  if (await clearEarlier()) say(paint.dim('  The rest of an earlier demo was still here and is removed now.'));

  const { engine, stage } = await build(playing);
  for (const chapter of story) {
    teller.begin(chapter.title);
    try {
      await chapter.play(stage, teller);
    } catch (error) {
      if (!signal.aborted) {
        say(`\n${paint.dim('The last log lines of the agent:')}`);
        for (const text of (await stage.words()).slice(-12)) say(paint.dim(`    │ ${text}`));
      }
      throw error;
    }
    teller.quotes(await stage.news());
    teller.end();
  }
  say(`\n${paint.bold(`All ${story.length} chapters held`)}, in ${seconds(started)}.`);
  if (keep) return () => leave(engine, stage);
  return async (cleanUp) => {
    await cleanUp();
    await requireNothingLeft(engine, stage);
    say(`${paint.dim(GONE)}\n\n${NEXT}`);
    return 0;
  };
}

async function clean(): Promise<End> {
  const found = await clearEarlier();
  say(found ? GONE : 'There is no demo to clean up.');
  return async () => 0;
}

/** Starts everything for the story, and registers the cleanup of each part. */
async function build({ teller, signal, undoing }: Playing): Promise<{ engine: UsableEngine; stage: Stage }> {
  let engine: UsableEngine | undefined;
  await teller.waits('engine', async (tell) => {
    undoing(async () => engine?.release());
    engine = await usableEngine({ log: tell, signal });
    return `${engine.name}${engine.isPrivate ? ', private' : ''}`;
  });
  signal.throwIfAborted();
  const { host, isPrivate } = engine as UsableEngine;

  await teller.waits('images', async (tell) => {
    await requireGit(tell, signal);
    if (!isPrivate) undoing(() => removeImages(host));
    await buildImages(host);
    return `${IMAGES.length} of BusyBox, built here without a registry`;
  });
  signal.throwIfAborted();

  await claim({ host, isPrivate });
  undoing(unclaim);
  const before = await containersOf(host, SITE);
  if (before.length > 0) {
    throw new CannotPlayError(
      `On this engine ${before.map(({ name }) => name).join(', ')} belong to a site ${SITE}, which is the name of the demo's site: remove them first.`,
    );
  }
  undoing(() => clear(DEMO_DIR, host, SITE));
  let stage: Stage | undefined;
  await teller.waits('Git server', async () => {
    stage = await createStage({ dir: DEMO_DIR, host, site: SITE, app: await freeApp(host), ...(await freePorts()) });
    signal.throwIfAborted();
    await stage.startGit();
    return stage.repo.url;
  });
  signal.throwIfAborted();
  return { engine: engine as UsableEngine, stage: stage as Stage };
}

async function requireGit(tell: (what: string) => void, signal: AbortSignal): Promise<void> {
  if (await hasCommand('git')) return;
  if (!isRoot() || !(await isDebian())) {
    throw new CannotPlayError(
      'git is missing, and the demo can install it only as root on Debian or a derivative: install git.',
    );
  }
  tell('Installing git (apt-get) …');
  await install(['git'], signal);
}

async function requireNothingLeft({ host, isPrivate }: UsableEngine, { site }: Stage): Promise<void> {
  // A private engine is gone with everything in it, unless another process uses it, too.
  if (isPrivate) return;
  const left = [...(await containersOf(host, site)).map(({ name }) => name), ...(await networksOf(host, site))];
  if (left.length > 0) throw new NotSeenError('nothing of the demo is left', left.join(', '));
}

/** Everything keeps running. */
async function leave(engine: UsableEngine, stage: Stage): Promise<number> {
  await engine.keep();
  await claim(engine, true);
  const compose = `apps/${stage.app}/compose.yaml`;
  say(`
It is left running:
  the shop     ${paint.cyan(stage.page)}
  the repo     ${paint.cyan(stage.repo.url)}
  the agent    process ${stage.agent?.pid}, log: tail -f ${relative(process.cwd(), stage.logFile)}
  the engine   export DOCKER_HOST=${stage.host}

${paint.bold('Try')}
  git clone ${stage.repo.url} fleet && cd fleet
  Change ${compose} (web: ${image('web', 3)} to ${image('web', 1)}), commit, push: the agent follows within a second.
  docker rm -f ${stage.app}-api-1, if there is a docker command here, and look at the log.

${paint.bold('Clean up')}
  npm run demo -- --clean
`);
  return 0;
}

const GONE = 'The demo has removed everything.';

const NEXT = `${paint.bold('Next steps')}
  npm run demo -- --keep               leaves it running, so that you can commit, push and break things
  npx node src/cli/main.ts --help      diff and apply a folder, without an agent
  examples/                            config repos to start from: one file, three sites, edge hardware
  docs/architecture.md                 how it works
`;

/** Removes the rest of an earlier demo. Gives true if there was one. */
async function clearEarlier(): Promise<boolean> {
  const owner = await ownerOf();
  if (owner?.isPlaying) throw new CannotPlayError(`A demo is playing right now (process ${owner.pid}): end it first.`);
  await owner?.clear();
  return owner !== undefined;
}

function explain(error: unknown): number {
  if (error instanceof NoEngineError || error instanceof CannotPlayError) {
    say(`\n${error.message}`);
    return 2;
  }
  if (error instanceof NotSeenError) {
    say(`\n${paint.red('A check failed.')}\n  expected  ${error.expected}\n  seen      ${error.seen}`);
    return 1;
  }
  say(`\n${paint.red('The demo failed:')} ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

process.exitCode = await main(process.argv.slice(2));
