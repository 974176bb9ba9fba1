import { SERVICE_KEYS } from '../compose/keys/service-keys.ts';
import { FIELDS } from '../container/fields/table.ts';
import { InputError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/did-you-mean.ts';
import type { Layer } from './explanation.ts';
import type { Leaf } from './leaves.ts';

/** Keys of Compose that say the same. The first one that is there counts. The plan's name comes first. */
const SAME: readonly { name: string; paths: readonly string[] }[] = [
  { name: 'memory', paths: ['deploy.resources.limits.memory', 'mem_limit'] },
  { name: 'cpus', paths: ['deploy.resources.limits.cpus', 'cpus'] },
  { name: 'pids_limit', paths: ['deploy.resources.limits.pids', 'pids_limit'] },
  { name: 'mem_reservation', paths: ['deploy.resources.reservations.memory', 'mem_reservation'] },
  { name: 'restart', paths: ['deploy.restart_policy.condition', 'restart'] },
  { name: 'scale', paths: ['scale', 'deploy.replicas'] },
];

const nameOf = ({ path }: Leaf): string => path.join('.');

/** The leaves, where of those that say the same only the one that counts is left: the others lost against it. */
export function withoutRivals(leaves: readonly Leaf[]): Leaf[] {
  let left = [...leaves];
  for (const { paths } of SAME) {
    const [first, ...rivals] = paths.flatMap((path) => left.filter((leaf) => nameOf(leaf) === path && leaf.node));
    if (!first || rivals.length === 0) continue;
    const lost = rivals.flatMap(({ node, lost }) => [...(node ? [{ node }] : []), ...lost]);
    left = left
      .filter((leaf) => !rivals.includes(leaf))
      .map((leaf) => (leaf === first ? { ...leaf, lost: [...leaf.lost, ...lost] } : leaf));
  }
  return left;
}

/** The leaves that a field names; none if no file says anything of it. */
export function leavesNamed(field: string, leaves: readonly Leaf[]): Leaf[] {
  const same = SAME.find(({ name, paths }) => name === field || paths.includes(field));
  const names = same ? [field, ...same.paths] : [field];
  return leaves.filter((leaf) => names.some((name) => nameOf(leaf) === name || nameOf(leaf).startsWith(`${name}.`)));
}

/** Throws InputError for a name that is no field. */
export function requireField(field: string): void {
  const [first = ''] = field.split('.');
  const labels = FIELDS.map(({ label }) => label);
  if (Object.hasOwn(SERVICE_KEYS, first) || labels.includes(field) || SAME.some(({ name }) => name === field)) return;
  const near = didYouMean(field, [...Object.keys(SERVICE_KEYS), ...labels]);
  throw InputError.of(
    `${JSON.stringify(field)} is no field of a service`,
    near === undefined ? 'name it as Compose does, for example environment.LOG_LEVEL' : `did you mean ${near}?`,
  );
}

/** The layer that decides a field that no file has. */
export function defaultLayer(field: string): Layer {
  const paths = SAME.find(({ name, paths }) => name === field || paths.includes(field));
  const names = [field, paths?.name, field.split('.')[0]];
  const row = FIELDS.find(
    ({ label, alias }) => names.includes(label) || (alias !== undefined && names.includes(alias)),
  );
  if (!row) return 'Compose default';
  return row.fromImage ? 'image' : 'engine default';
}

/** The name in the Fleet's `spec.defaults` for a field. */
export function defaultNamed(path: readonly string[]): string {
  const name = path.join('.');
  if (['mem_limit', 'deploy.resources.limits.memory'].includes(name)) return 'memory';
  return ['pids_limit', 'deploy.resources.limits.pids'].includes(name) ? 'pids' : name;
}
