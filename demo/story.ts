import { killByHand, networksOf, type Running, removeByHand, volumesOf } from '../test/support/site/site.ts';
import { firstCommit, image, pageOf, shop } from './shop.ts';
import { answers, type Stage } from './stage.ts';
import type { Look, Teller } from './teller.ts';

/** One chapter: some actions, and the checks after them. Chapters build on each other. */
export interface Chapter {
  title: string;
  play(stage: Stage, tell: Teller): Promise<void>;
}

/** Holdfast in six chapters. The demo plays them for people, and an end-to-end test plays them, too. */
export const story: readonly Chapter[] = [
  {
    title: 'A first commit becomes containers',
    async play(stage, tell) {
      const { app, repo, site } = stage;
      tell.does(`commit: the app ${app} with the services web, api and stock`);
      const port = Number(new URL(stage.page).port);
      await repo.commit(firstCommit({ site, app, port }), { message: `Open the ${app}` });
      tell.does(`start an agent for the site ${site}`);
      await stage.startAgent();
      await tell.sees('api runs and is healthy', runs(stage, 'api', { image: image('api', 1), health: 'healthy' }));
      await tell.sees('web runs, started after api was', async () => {
        const [api, web] = [await stage.container('api'), await stage.container('web')];
        if (web?.state !== 'running') return `web is ${web?.state ?? 'not there'}`;
        const [first, second] = [api, web].map((each) => Date.parse(each?.startedAt ?? ''));
        return Number(first) <= Number(second) ? undefined : 'web was started before api';
      });
      await tell.sees('stock runs', runs(stage, 'stock'));
      await tell.sees(`its network ${app}_default and its volume ${app}_stock are there`, async () => {
        const found = [...(await networksOf(stage.host, site)), ...(await volumesOf(stage.host, site))];
        return found.join() === `${app}_default,${app}_stock` ? undefined : `there is ${found.join(', ') || 'nothing'}`;
      });
      await tell.sees(`GET ${stage.page} says “${pageOf(1)}”`, says(stage, pageOf(1)));
    },
  },
  {
    title: 'A commit changes an image and adds a service',
    async play(stage, tell) {
      const { app, repo } = stage;
      const before = await stage.containers();
      tell.does(`commit: web gets ${image('web', 2)}; cart is new`);
      await repo.commit(shop(app, { web: 2, cart: true }), { message: 'Sell more' });
      await tell.sees(`web runs ${image('web', 2)}`, runs(stage, 'web', { image: image('web', 2) }));
      await tell.sees(`GET ${stage.page} says “${pageOf(2)}”`, says(stage, pageOf(2)));
      await tell.sees('cart runs', runs(stage, 'cart'));
      await tell.sees('4 containers by their own names, none left over', names(stage, 'api', 'cart', 'stock', 'web'));
      await tell.sees('api and stock were not touched', untouched(stage, before, 'api', 'stock'));
    },
  },
  {
    title: 'Damage by hand is healed',
    async play(stage, tell) {
      const { app, host } = stage;
      const before = await stage.containers();
      tell.does(`docker kill ${app}-api-1`);
      await killByHand(host, `${app}-api-1`);
      tell.does(`docker rm -f ${app}-cart-1`);
      await removeByHand(host, `${app}-cart-1`);
      await tell.sees('api runs again, the same container', runsAgain(stage, 'api', before));
      await tell.sees('cart runs again, a new container', async () => {
        const objection = await runs(stage, 'cart')();
        if (objection) return objection;
        const then = before.find(({ service }) => service === 'cart');
        return then?.id === (await stage.container('cart'))?.id ? 'cart was never removed' : undefined;
      });
      await tell.sees('web and stock were not touched', untouched(stage, before, 'web', 'stock'));
    },
  },
  {
    title: 'A service deleted from Git is pruned',
    async play(stage, tell) {
      const before = await stage.containers();
      tell.does('commit: cart is gone from the Compose file');
      await stage.repo.commit(shop(stage.app, { web: 2, cart: false }), { message: 'Close the cart' });
      await tell.sees('the container of cart is gone', async () => {
        const cart = await stage.container('cart');
        return cart && `it is ${cart.state}`;
      });
      await tell.sees('api, stock and web were not touched', untouched(stage, before, 'api', 'stock', 'web'));
    },
  },
  {
    title: 'Without Git, and after the agent was killed, everything is still enforced',
    async play(stage, tell) {
      const { app, host, repo } = stage;
      tell.does('stop the Git server');
      await stage.stopGit();
      await tell.sees('nothing answers there', async () =>
        (await answers(repo.url)) ? 'the server still answers' : undefined,
      );
      const first = stage.agent;
      tell.does(`kill -9 the agent (process ${first?.pid})`);
      const { signal } = (await first?.end('SIGKILL')) ?? {};
      if (signal !== 'SIGKILL') throw new Error('The agent ended by itself before it was killed');
      tell.does(`docker rm -f ${app}-stock-1, while no agent runs`);
      await removeByHand(host, `${app}-stock-1`);
      await tell.sees('the container is gone, but its volume is there', async () => {
        if (await stage.container('stock')) return 'the container is there';
        const volumes = await volumesOf(host, stage.site);
        return volumes.includes(`${app}_stock`) ? undefined : 'the volume is gone, too';
      });

      tell.does('start the agent; it only has the state on its disk');
      await stage.startAgent();
      await tell.sees('stock runs again', runs(stage, 'stock'));
      const before = await stage.containers();
      tell.does(`docker kill ${app}-web-1`);
      await killByHand(host, `${app}-web-1`);
      await tell.sees('web runs again', runsAgain(stage, 'web', before));
      await tell.sees(`GET ${stage.page} says “${pageOf(2)}”`, says(stage, pageOf(2)));
    },
  },
  {
    title: 'The Git server is back: the site catches up',
    async play(stage, tell) {
      const before = await stage.containers();
      tell.does(`commit, while the server is down: web gets ${image('web', 3)}`);
      await stage.repo.commit(shop(stage.app, { web: 3, cart: false }), { message: 'Redecorate' });
      tell.does('start the Git server; the agent asks again when its backoff is over');
      await stage.startGit();
      await tell.sees(`web runs ${image('web', 3)}`, runs(stage, 'web', { image: image('web', 3) }), 60_000);
      await tell.sees(`GET ${stage.page} says “${pageOf(3)}”`, says(stage, pageOf(3)));
      await tell.sees('3 containers by their own names, none left over', names(stage, 'api', 'stock', 'web'));
      await tell.sees('api and stock were not touched', untouched(stage, before, 'api', 'stock'));
    },
  },
];

/** Checks that the engine runs exactly one container of the service, with its own name and the wanted settings. */
const runs =
  (stage: Stage, service: string, wanted: Partial<Pick<Running, 'image' | 'health'>> = {}): Look =>
  async () => {
    await requireAgent(stage);
    const found = (await stage.containers()).filter((each) => each.service === service);
    const [only] = found;
    if (!only) return `there is no container of ${service}`;
    if (found.length > 1) return `there are ${found.map(({ name, state }) => `${name} (${state})`).join(' and ')}`;
    if (only.name !== `${stage.app}-${service}-1`) return `it is called ${only.name}`;
    if (only.state !== 'running') return `${only.name} is ${only.state}`;
    if (wanted.image && only.image !== wanted.image) return `${only.name} runs ${only.image}`;
    if (wanted.health && only.health !== wanted.health) return `${only.name} is ${only.health}`;
    return undefined;
  };

/** Checks that the same container was started again. A container that has not died yet does not count as healed. */
const runsAgain =
  (stage: Stage, service: string, before: readonly Running[]): Look =>
  async () => {
    const objection = await runs(stage, service)();
    if (objection) return objection;
    const [then, now] = [before, await stage.containers()].map((all) => all.find((each) => each.service === service));
    if (then?.id !== now?.id) return `${service} is another container`;
    return then?.startedAt === now?.startedAt ? `${service} was not started again` : undefined;
  };

/** Throws when the agent has ended, because waiting for it would never end. */
async function requireAgent({ agent }: Stage): Promise<void> {
  if (!agent?.hasExited()) return;
  const { code, signal } = await agent.exited;
  throw new Error(`The agent has ended by itself: ${signal ?? `exit code ${code}`}`);
}

const says =
  ({ page }: Stage, words: string): Look =>
  async () => {
    const text = await fetch(page, { signal: AbortSignal.timeout(2000) })
      .then((response) => response.text())
      .catch(() => undefined);
    if (text === undefined) return 'nothing answers';
    return text.includes(words) ? undefined : `it says “${text.trim().slice(0, 80)}”`;
  };

const names =
  (stage: Stage, ...services: string[]): Look =>
  async () => {
    const found = (await stage.containers()).map(({ name }) => name);
    const wanted = services.map((service) => `${stage.app}-${service}-1`);
    return found.join() === wanted.join() ? undefined : `there are ${found.join(', ')}`;
  };

const untouched =
  (stage: Stage, before: readonly Running[], ...services: string[]): Look =>
  async () => {
    const now = await stage.containers();
    for (const service of services) {
      const [then, found] = [before, now].map((all) => all.find((each) => each.service === service));
      if (!then || !found) return `there is no container of ${service}`;
      if (then.id !== found.id) return `${service} is another container`;
      if (then.startedAt !== found.startedAt) return `${service} was started again at ${found.startedAt}`;
    }
    return undefined;
  };
