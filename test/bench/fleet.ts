import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanupAtExit } from '../../scripts/machine/cleanup.ts';
import { git } from '../support/git/clones.ts';
import { largeFleet, siteName, writeFleet } from '../support/site/large-fleet.ts';
import { buildAside } from './bench.ts';
import { costOfCommand, inTurns } from './measure.ts';
import { ms, type Row } from './report.ts';

const APPS = 20;
const SIZES = [100, 1000, 10_000];
/** For the largest fleet, on a machine with 2 cores that does nothing else. */
const AIM = { ms: 10_000, mib: 1024 };

/** The costs of a laptop's commands on a whole fleet: time and memory of `validate`, of `diff --fleet` with one changed image, and of `render --site`. */
export async function measureFleet(isQuick: boolean): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-fleet-'));
  const abort = new AbortController();
  const cleanup = cleanupAtExit(() => abort.abort());
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  try {
    const { holdfast } = await buildAside(dir);
    const options = { env: { XDG_CACHE_HOME: dir }, signal: abort.signal };
    const sizes = isQuick ? SIZES.slice(0, 2) : SIZES;
    const folderOf = (sites: number): string => join(dir, `sites-${sites}`);
    for (const sites of [1, ...sizes]) await changedFleet(folderOf(sites), sites);
    const rows: Row[] = [];
    for (const sites of sizes) {
      const folder = folderOf(sites);
      const row = async (what: string, words: readonly string[], code: number): Promise<Row> => {
        const cost = await costOfCommand([...holdfast, ...words], { ...options, code }, 20);
        const isMet = cost.ms <= AIM.ms && cost.mib <= AIM.mib;
        return {
          what: `${what} of ${sites} sites x ${APPS} apps`,
          holdfast: `${ms(cost.ms)} (processor: ${ms(cost.cpuMs)}, main thread: ${ms(cost.mainMs)}), ${cost.mib.toFixed(0)} MiB`,
          beside: '',
          ...(sites === SIZES.at(-1) && { aim: { text: '≤ 10 s, 1 GiB', isMet } }),
        };
      };
      rows.push(await row('validate', ['validate', folder], 0));
      rows.push(await row('diff --fleet, one changed image,', ['diff', '--fleet', folder], 1));
    }
    const largest = sizes.at(-1) as number;
    // The processor's time, since both take so little that a busy machine decides the rest.
    const render = (sites: number) => async () =>
      (await costOfCommand([...holdfast, 'render', folderOf(sites), '--site', siteName(0)], options)).mainMs;
    const { large, single } = await inTurns(5, { large: render(largest), single: render(1) });
    rows.push({
      what: `render --site in ${largest} sites; in a fleet of one: main thread`,
      holdfast: ms(large.median),
      beside: ms(single.median),
      ratio: large.median / single.median,
      aim: { text: '≤ 1.1', isMet: large.median <= 1.1 * single.median },
    });
    return rows;
  } finally {
    await cleanup.run();
  }
}

/** A clone of a fleet whose last commit has one image, and whose work tree another one. */
async function changedFleet(dir: string, sites: number): Promise<void> {
  await writeFleet(dir, largeFleet({ sites, apps: APPS }));
  git(dir, 'init', '-q');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-qm', 'Begin');
  await writeFleet(dir, new Map([...largeFleet({ sites: 0, apps: APPS, version: '1.1' })]));
}
