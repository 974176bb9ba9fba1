import { join } from 'node:path';
import { type Accepted, acceptedStore } from '../../../src/agent/state/accepted.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemDisk } from '../../../src/lib/disk.ts';
import { sleep } from '../../../src/source/follow/retry.ts';
import { gitSource } from '../../../src/source/git-source.ts';
import { recordSnapshot } from '../../../src/source/recording.ts';

// A life of what an agent does with its config repo, to be killed: says that it is ready, polls, fetches, accepts, and says each commit that it accepted.
// Arguments: the repo's URL, the state's folder.

const [url = '', dir = ''] = process.argv.slice(2);
const { signal } = new AbortController();
// Few packs, so that they are merged in every life.
const source = gitSource({ url, dir: join(dir, 'git'), clock: systemClock, storeLimits: { packs: 3 } });
const store = acceptedStore(systemDisk, join(dir, 'accepted'), 'test');

let { accepted } = await store.load();
console.log('ready');
for (;;) {
  const { commit } = await source.poll(signal);
  if (commit === accepted?.commit) {
    await sleep(systemClock, 1, signal);
    continue;
  }
  const fetched = await source.fetch(commit, signal);
  const { snapshot, recorded } = recordSnapshot(fetched);
  await snapshot.list('apps/web');
  for (const name of ['compose.yaml', 'data.txt', 'step.txt']) await snapshot.read(`apps/web/${name}`);
  accepted = acceptedOf(commit, recorded());
  await store.save(accepted);
  await fetched.dispose();
  console.log(commit);
}

function acceptedOf(commit: string, recorded: ReturnType<ReturnType<typeof recordSnapshot>['recorded']>): Accepted {
  return {
    url,
    ref: '',
    commit: commit,
    site: {
      site: 'shop',
      revision: commit,
      broken: [],
      vanished: { automated: { prune: false, selfHeal: true, allowEmpty: false } },
      allowEmpty: false,
      pruneThreshold: 100,
      confirmPrune: [],
    },
    apps: {
      web: {
        placed: {
          name: 'web',
          nameIsFixed: true,
          folder: 'apps/web',
          compose: ['compose.yaml'],
          profiles: [],
          sync: {},
          pruneVolumes: false,
          suspend: false,
          values: {},
          siteValues: [],
        },
        revision: commit,
        recorded,
      },
    },
  };
}
