import { ask } from '../scripts/machine/engine-http.ts';
import { busyboxTree, importImage } from '../test/support/engine/images.ts';
import type { Change } from '../test/support/git/git-repo.ts';

/** The app of the demo: a small shop, its images and its config repo. */

const REPOSITORY = 'holdfast-demo';
export const image = (name: 'web' | 'api', version: number): string => `${REPOSITORY}/${name}:${version}`;
export const IMAGES = [image('web', 1), image('web', 2), image('web', 3), image('api', 1)];

/** The text of the shop's page in each version of its image. */
export const pageOf = (version: number): string => `The shop, version ${version}`;

/** A shell as the first process of a container only gets signals that it traps. The shop must end on SIGTERM. */
const SERVE = "#!/bin/sh\ntrap 'exit 0' TERM INT\nhttpd -f -p 8080 -h /www &\nwait\n";

/** Builds the images that the engine lacks, from a static BusyBox, without a registry. */
export async function buildImages(host: string): Promise<void> {
  for (const name of IMAGES) {
    if ((await ask(host, 'GET', `/images/${name}/json`)).status === 200) continue;
    const version = name.slice(name.indexOf(':') + 1);
    const tree = await busyboxTree(version);
    const page = name.includes('/web') ? pageOf(Number(version)) : '{"open": true}';
    const files = [
      ...tree.files.filter(({ path }) => path !== 'www/index.html'),
      { path: 'www/index.html', content: `${page}\n`, mode: 0o644 },
      { path: 'bin/serve', content: SERVE },
    ];
    await importImage(host, name, { ...tree, files }, ['CMD ["serve"]', 'ENV PATH=/bin', 'EXPOSE 8080']);
  }
}

export async function removeImages(host: string): Promise<void> {
  for (const name of IMAGES) await ask(host, 'DELETE', `/images/${name}`);
}

/** The repo's first commit. */
export const firstCommit = (options: { site: string; app: string; port: number }): Change => ({
  'README.md': `# A fleet of one shop

- \`fleet.yaml\`: settings for all sites
- \`sites/\`: one file for each site
- \`apps/\`: one folder for each app, with its Compose files
`,
  'fleet.yaml': `apiVersion: holdfast/v1
kind: Fleet
metadata:
  name: demo
spec:
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
`,
  [`sites/${options.site}.yaml`]: `apiVersion: holdfast/v1
kind: Site
metadata:
  labels:
    country: pt
spec:
  values:
    WEB_PORT: ${options.port}
`,
  [`apps/${options.app}/app.yaml`]: `apiVersion: holdfast/v1
kind: Application
spec:
  placement:
    matchLabels:
      country: pt
`,
  ...shop(options.app, { web: 1, cart: false }),
});

/** The app's Compose file, as a change to commit. */
export const shop = (app: string, { web, cart }: { web: number; cart: boolean }): Change => ({
  [`apps/${app}/compose.yaml`]: `services:
  web:
    image: ${image('web', web)}
    restart: unless-stopped
    ports:
      - 127.0.0.1:\${WEB_PORT}:8080
    depends_on:
      api:
        condition: service_healthy

  api:
    image: ${image('api', 1)}
    restart: unless-stopped
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, http://127.0.0.1:8080/]
      interval: 1s

  stock:
    image: ${image('api', 1)}
    command: [stay]
    restart: unless-stopped
    volumes:
      - stock:/data
${
  cart
    ? `
  cart:
    image: ${image('api', 1)}
    command: [stay]
    restart: unless-stopped
`
    : ''
}
volumes:
  stock: {}
`,
});
