import { createFleetCompiler } from '../../../src/compose/compile-fleet.ts';
import type { AskKnown } from '../../../src/fleet/facts/known-site.ts';
import type { SiteDocuments } from '../../../src/fleet/sites.ts';
import { type Compared, compareFleet, type Narrowing } from '../../../src/impact/compare-fleet.ts';
import { impactText } from '../../../src/impact/print/text.ts';
import { openSide, type Side, UnknownPin } from '../../../src/impact/read-side.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

export type Files = Record<string, string>;

export const OPTIONS = { filesDir: '/var/lib/holdfast/apps', placeholders: true };

const lacking = async (): Promise<Snapshot> => {
  throw new UnknownPin('pinned to v1, which this clone lacks');
};

/** Compares two revisions of a repo, each given by its files. `pins`: the files of the revisions that Sites pin. */
export async function compare(
  from: Files,
  to: Files,
  narrowing?: Narrowing,
  pins: Record<string, Files> = {},
  options: { known?: AskKnown; now?: number } = {},
): Promise<Compared> {
  const documents: SiteDocuments = new Map();
  const compile = createFleetCompiler(OPTIONS);
  const pinned = new Map(Object.entries(pins).map(([name, files]) => [name, memorySnapshot(files)]));
  const open = (files: Files, holdVersions: boolean): Promise<Side> =>
    openSide(memorySnapshot(files), {
      compile,
      documents,
      holdVersions,
      pinned: async ({ revision }) => pinned.get(revision) ?? lacking(),
    });
  return compareFleet(await open(from, false), await open(to, true), narrowing, options);
}

/** `labels`: only Sites have them. */
export const document = (kind: string, spec: object = {}, labels?: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, ...(labels && { metadata: { labels } }), spec });

/** A fleet of sites a, b and c with one app. */
export const fleet = (compose: string, more: Files = {}): Files => ({
  'fleet.yaml': JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Fleet',
    spec: { syncPolicy: { automated: { prune: true, selfHeal: true } } },
  }),
  'sites/a.yaml': document('Site', {}, { ring: 'canary' }),
  'sites/b.yaml': document('Site', {}, { ring: 'rest' }),
  'sites/c.yaml': document('Site', {}, { ring: 'rest' }),
  'apps/pos/app.yaml': JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Application', spec: {} }),
  'apps/pos/compose.yaml': compose,
  ...more,
});

export const web = (image: string, more = ''): string => `services:
  web: { image: "${image}"${more} }
  db: { image: "postgres:16", volumes: ["data:/data"] }
volumes: { data: {} }
`;

/** The lines of the report, without the last summary and empty lines. */
export async function told(
  from: Files,
  to: Files,
  ...rest: [Parameters<typeof compare>[2]?, Record<string, Files>?]
): Promise<string[]> {
  const compared = await compare(from, to, ...rest);
  const lines = impactText({ from: 'old', to: 'new', ...compared }).map(({ sent }) =>
    sent.replace(/ {2,}/g, '  ').trim(),
  );
  const end = lines.findIndex((line) => line.startsWith('old -> new'));
  return lines.slice(0, end).filter((line) => line !== '');
}
