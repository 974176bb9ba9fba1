import { existsSync } from 'node:fs';
import { afterEach, beforeAll, describe } from '@jest/globals';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { holdfast, type Ran } from '../../support/program/holdfast-process.ts';
import { type ChaosSite, chaosSite, IMAGE, importChaosImages } from '../../support/site/chaos-site.ts';
import { type ComposeProject, composeProject } from '../../support/site/compose-project.ts';

// One engine, two who keep house: the real Docker Compose and Holdfast, on the same files.
const peer = process.env.COMPOSE_PEER ?? '';

export interface Changes {
  memory?: string;
  variable?: string;
  extra?: boolean;
  top?: string;
}

/** Much of what makes a stack: order, health, replicas, aliases, two networks, volumes named, unnamed and bound, a config, a port. */
export const stack =
  ({ memory = '64m', variable = 'a', extra = true, top = '' }: Changes = {}) =>
  (name: string): string =>
    `name: ${name}
services:
  db:
    image: ${IMAGE}
    command: [stay]
    stop_grace_period: 1s
    volumes: [data:/data, /anonymous, ./conf:/conf, ./one.conf:/one.conf:ro]
    healthcheck: { test: [CMD, "true"], interval: 1s }
    mem_limit: ${memory}
  web:
    image: ${IMAGE}
    command: [stay]
    stop_grace_period: 1s
    depends_on: { db: { condition: service_healthy } }
    networks: { default: { aliases: [www] }, back: {} }
    ports: ["127.0.0.1::80"]
    environment: { V: ${variable} }
    configs: [{ source: c, target: /c }]
    deploy: { replicas: 2 }
  job:
    image: ${IMAGE}
    command: ["true"]
${extra ? `  extra:\n    image: ${IMAGE}\n    command: [stay]\n    restart: unless-stopped\n    stop_grace_period: 1s\n` : ''}
volumes: { data: {} }
networks: { back: { labels: { tier: back } } }
configs: { c: { content: hello } }
${top}`;

export const files =
  (changes?: Changes) =>
  (name: string): Record<string, string> => ({
    'compose.yaml': stack(changes)(name),
    'one.conf': 'one\n',
    'conf/two.conf': 'two\n',
  });

export const isOurs = ({ labels }: { labels: Record<string, string> }): boolean => 'dev.holdfast.site' in labels;

/** The tools of a test on one engine; everything that it makes goes when the test ends. */
export interface BesideCompose {
  host: string;
  /** A project of these files that nobody runs yet. */
  project(files: (name: string) => Record<string, string>): Promise<ComposeProject>;
  /** A site with a config repo and agents of its own. */
  site(): Promise<ChaosSite>;
  /** `holdfast` in the project's folder. */
  run(of: ComposeProject, ...args: string[]): Promise<Ran>;
}

/** The tests once on each of the engines that were lent; they are skipped without an engine or without Docker Compose. */
export function besideCompose(names: readonly (keyof typeof ENGINES)[], tests: (on: BesideCompose) => void): void {
  for (const name of names) {
    const host = ENGINES[name] ?? '';
    (host && existsSync(peer) ? describe : describe.skip)(`beside docker compose, on ${name}`, () => {
      const projects: ComposeProject[] = [];
      const sites: ChaosSite[] = [];
      beforeAll(() => importChaosImages(host));
      afterEach(async () => {
        for (const site of sites.splice(0)) await site.close();
        for (const project of projects.splice(0)) await project.remove();
      });
      tests({
        host,
        async project(text) {
          const made = await composeProject(peer, host, text);
          projects.push(made);
          return made;
        },
        async site() {
          const made = await chaosSite({ host });
          sites.push(made);
          return made;
        },
        run: (of, ...args) => holdfast(args, { env: { DOCKER_HOST: host }, cwd: of.folder.dir }),
      });
    });
  }
}
