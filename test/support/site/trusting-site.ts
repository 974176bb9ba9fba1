import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../../../src/agent/admission/admission.ts';
import type { AgentOptions } from '../../../src/agent/agent-options.ts';
import { createFollower, type Follower } from '../../../src/agent/follow/follower.ts';
import { createStaging } from '../../../src/agent/staging/staging.ts';
import { acceptedStore } from '../../../src/agent/state/accepted.ts';
import { createTrustStore } from '../../../src/agent/state/trust-store.ts';
import { readTrust } from '../../../src/cli/repo/signing/trust-file.ts';
import type { StoreLimits } from '../../../src/git/store-limits.ts';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { type Disk, systemDisk } from '../../../src/lib/disk.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { gitSource } from '../../../src/source/git-source.ts';
import { beaconRef } from '../../../src/trust/beacon.ts';
import { promotionRefs } from '../../../src/trust/promotion.ts';
import type { GitRepo } from '../git/git-repo.ts';
import type { GitServer } from '../git/git-server.ts';
import { filesOn } from './disk-files.ts';

/** A site with all of an agent but its engine: what a real repo shows is judged, gathered, stored; what would be enforced is looked at. */
export interface TrustingSite {
  /** Its trust.yaml, which may be changed while it runs; empty where it asks for none. */
  trust: string;
  /** The time of its wall clock. */
  wall: Date;
  /** Moves its monotonic clock. */
  later(ms: number): void;
  disk: Disk;
  /** As of the next start. */
  limits: Partial<StoreLimits>;
  revision: string;
  repo: GitRepo;
  /** Where its Git objects are. */
  gitDir: string;
  /** The lines of its log since it was last asked. */
  lines(): string[];
  poll(): Promise<void>;
  /** The commit that it enforces. */
  enforced(): string | undefined;
  desired(): DesiredSite | undefined;
  /** As after a power cut. */
  restart(): Promise<void>;
  /** The floor that is stored on its disk. */
  floor(): Promise<string | undefined>;
  close(): Promise<void>;
}

export async function trustingSite(repo: GitRepo, trust: string, revision = 'main'): Promise<TrustingSite> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-trust-site-'));
  const live = new AbortController().signal;
  let log: string[] = [];
  let desired: DesiredSite | undefined;
  let follower: Follower | undefined;
  let offset = 0;
  let close = (): void => {};
  const write = (level: string) => (message: string) => void log.push(`${level} ${message}`);

  const site: TrustingSite = {
    trust,
    wall: new Date('2026-06-01T00:00:00Z'),
    later: (ms) => {
      offset += ms;
    },
    disk: systemDisk,
    limits: {},
    revision,
    repo,
    gitDir: join(dir, 'git'),
    lines() {
      const said = log;
      log = [];
      return said;
    },
    async poll() {
      if (!follower) await site.restart();
      await follower?.once(live);
    },
    enforced: () => desired?.revision,
    desired: () => desired,
    async restart() {
      close();
      desired = undefined;
      const clock: Clock = { ...systemClock, wall: () => site.wall, monotonic: () => offset };
      const beside = beaconRef(site.revision);
      const source = gitSource({
        url: site.repo.url,
        dir: site.gitDir,
        clock: systemClock,
        storeLimits: site.limits,
        ...(site.revision !== '' && { revision: site.revision }),
        ...(beside !== undefined && { beside }),
        below: promotionRefs(site.revision),
      });
      close = () => source.close();
      const position = `${site.repo.url} ${site.revision}`;
      const accepted = acceptedStore(site.disk, join(dir, 'accepted'), 'test');
      const loaded = await accepted.load();
      const store = createTrustStore(site.disk, join(dir, 'trust.json'));
      const { state, problem } = await store.load();
      if (problem) log.push(`error ${problem}`);
      const logger = { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
      const admission = createAdmission({
        clock,
        log: logger,
        source,
        store,
        state,
        position,
        revision: site.revision,
        own: async () => (site.trust === '' ? undefined : readTrust(site.trust, 'trust.yaml')),
        accepted: loaded.accepted?.commit,
      });
      const never = (): never => {
        throw new Error('nobody asks this here');
      };
      const options: AgentOptions = {
        clock,
        disk: site.disk,
        files: filesOn(site.disk),
        engine: { stacks: never } as never,
        source,
        log: logger,
        repo: site.repo.url,
        revision: site.revision,
        site: undefined,
        stateDir: dir,
        program: 'test',
        compile: async () => ({ filesDir: join(dir, 'files') }),
        intervalMs: 1000,
        resyncMs: 1000,
      };
      follower = createFollower({
        options,
        staging: await createStaging(
          options,
          () => undefined,
          () => admission.trust(),
        ),
        admission,
        reconciler: {
          desire: (wanted) => {
            desired = wanted;
          },
          trigger: never,
          look: never,
          endBackoffs: never,
          linkUp: never,
          stop: never,
        },
        store: accepted,
        accepted: loaded.accepted,
        isDoubtful: loaded.problems.length > 0,
      });
      await follower.resume();
    },
    async floor() {
      const text = await readFile(join(dir, 'trust.json'), 'utf8').catch(() => '{"content":{"positions":{}}}');
      const { content } = JSON.parse(text) as { content: { positions: Record<string, { floor?: string }> } };
      return content.positions[`${site.repo.url} ${site.revision}`]?.floor;
    },
    async close() {
      close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return site;
}

/** The number of requests to the server so far. */
export const requests = (server: GitServer): number => server.traffic.length;
