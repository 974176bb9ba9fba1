import { startNewerDocker, startPodman, type TestEngine } from '../test/support/engine/engines.ts';
import { composePeer } from '../test/support/engine/peer.ts';
import { buildProgram } from '../test/support/program/built-program.ts';
import { sopsPeer } from '../test/support/secrets/sops-program.ts';
import { usableEngine } from './engine.ts';
import type { Cleanup } from './machine/cleanup.ts';
import { fileOfPackage } from './machine/debian.ts';

/** The environment for the tests, and sentences about the things that this machine does not have. */
export interface Lent {
  env: Record<string, string>;
  missing: string[];
}

interface Offer {
  /** The variable that tells the tests where it is. */
  variable: string;
  name: string;
  /** Resolves to its address; what it started is undone by the cleanup. */
  start(): Promise<string>;
}

/** Takes what the environment names already; else starts it. A failure is reported and not thrown: its tests are skipped. */
async function lend({ variable, name, start }: Offer): Promise<Lent> {
  const given = process.env[variable];
  if (given) return { env: { [variable]: given }, missing: [] };
  try {
    return { env: { [variable]: await start() }, missing: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { env: {}, missing: [`Not tested with ${name}: ${why}`] };
  }
}

export const joinLent = (parts: readonly Lent[]): Lent => ({
  env: Object.assign({}, ...parts.map(({ env }) => env)),
  missing: parts.flatMap(({ missing }) => missing),
});

/** The programs to compare with. */
export const lendPeers = async (): Promise<Lent> =>
  joinLent(
    await Promise.all([
      lend({ variable: 'COMPOSE_PEER', name: 'Docker Compose', start: composePeer }),
      lend({ variable: 'SOPS_PEER', name: 'sops', start: sopsPeer }),
      lend({ variable: 'AGE_PEER', name: 'age', start: () => fileOfPackage('age', 'usr/bin/age') }),
    ]),
  );

/** The bundle, once for all tests that run `holdfast` as a process. It throws when it cannot be built: that is no fault of the machine. */
export async function lendProgram(cleanup: Cleanup): Promise<Lent> {
  const { dir, remove } = await buildProgram();
  cleanup.add(remove);
  return { env: { HOLDFAST_TEST_PROGRAM: dir }, missing: [] };
}

/** Docker, Podman and a newer Docker, each ready with the test images. */
export async function lendEngines(options: {
  say: (line: string) => void;
  cleanup: Cleanup;
  signal: AbortSignal;
  prepare: (host: string) => Promise<void>;
}): Promise<Lent> {
  const { say, cleanup, signal, prepare } = options;
  const own = (start: () => Promise<TestEngine>) => async (): Promise<string> => {
    const engine = await start();
    cleanup.add(() => engine.stop());
    await prepare(engine.host);
    return engine.host;
  };
  const shared = async (): Promise<string> => {
    const engine = await usableEngine({ log: say });
    cleanup.add(() => engine.release());
    await prepare(engine.host);
    return engine.host;
  };
  const offers: Offer[] = [
    { variable: 'HOLDFAST_TEST_DOCKER', name: 'Docker', start: shared },
    { variable: 'HOLDFAST_TEST_PODMAN', name: 'Podman', start: own(startPodman) },
    { variable: 'HOLDFAST_TEST_DOCKER_NEW', name: 'a newer Docker', start: own(startNewerDocker) },
  ];
  // One after the other: each may want apt, which lets in one at a time.
  const lent: Lent[] = [];
  for (const offer of offers) if (!signal.aborted) lent.push(await lend(offer));
  return joinLent(lent);
}
