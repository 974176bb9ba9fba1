import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A fleet of any size. Its files are a pure function of the numbers. */
export interface LargeFleet {
  sites: number;
  apps: number;
  /** The version of the image of the first app. Default: 1.0. */
  version?: string;
}

const head = (kind: string, spec: object, metadata?: object): string =>
  `${JSON.stringify({ apiVersion: 'holdfast/v1', kind, ...(metadata && { metadata }), spec }, undefined, 2)}\n`;

/** The name of a site: eu/site-00017. */
export const siteName = (index: number): string =>
  `${REGIONS[index % REGIONS.length]}/site-${String(index).padStart(5, '0')}`;

const REGIONS = ['eu', 'us', 'ap', 'sa'];
const RINGS = ['canary', 'early', 'most', 'most', 'most', 'most', 'most', 'last'];

/**
 * The files of the fleet, by path. Sites have a region, a ring and a number of their own. Three of four apps are alike on all sites; the others read the
 * region, have an overlay for a ring, or are placed on a region alone. One of twenty asks for the site's name, so that it differs on each.
 */
export function largeFleet({ sites, apps, version = '1.0' }: LargeFleet): Map<string, string> {
  const files = new Map<string, string>();
  files.set(
    'fleet.yaml',
    head('Fleet', {
      values: { LOG_LEVEL: 'info', REGISTRY: 'registry.example.com' },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    }),
  );
  for (let index = 0; index < sites; index++) {
    const region = REGIONS[index % REGIONS.length] as string;
    const labels = { region, ring: RINGS[index % RINGS.length] as string };
    files.set(
      `sites/${siteName(index)}.yaml`,
      head('Site', { values: { REGION: region, SITE_NUMBER: String(index) } }, { labels }),
    );
  }
  for (let index = 0; index < apps; index++) {
    const folder = `apps/app-${String(index).padStart(2, '0')}`;
    const kind = index % 20;
    files.set(
      `${folder}/app.yaml`,
      head('Application', {
        ...(kind === 3 && { placement: { matchLabels: { region: 'eu' } } }),
        ...(kind === 5 && { overlays: [{ selector: { matchLabels: { ring: 'canary' } }, compose: ['canary.yaml'] }] }),
      }),
    );
    files.set(`${folder}/compose.yaml`, composeFile(index, kind, index === 0 ? version : '1.0'));
    files.set(`${folder}/app.conf`, `level = info\napp = ${index}\n`);
    if (kind === 5) files.set(`${folder}/canary.yaml`, 'services: { web: { environment: { TRACE: "on" } } }\n');
  }
  return files;
}

const composeFile = (index: number, kind: number, version: string): string => `services:
  web:
    image: \${REGISTRY}/app-${index}:${version}
    restart: unless-stopped
    environment:
      LOG_LEVEL: \${LOG_LEVEL}
      ${kind === 7 ? `SITE: \${HOLDFAST_SITE}` : kind === 9 ? `REGION: \${REGION}` : 'PLACE: edge'}
    volumes: ["data:/data", "./app.conf:/etc/app.conf:ro"]
    mem_limit: 128m
    depends_on: [store]
  store:
    image: \${REGISTRY}/store:3.2
    restart: unless-stopped
    volumes: ["store:/var/lib/store"]
    healthcheck: { test: ["CMD", "true"], interval: 30s }
volumes: { data: {}, store: {} }
`;

/** Writes the files below a folder. */
export async function writeFleet(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  const folders = new Set([...files.keys()].map((path) => dirname(path)));
  for (const folder of folders) await mkdir(join(dir, folder), { recursive: true });
  for (const [path, content] of files) await writeFile(join(dir, path), content);
}
