import { git, gitWord } from '../../git/clone/git-program.ts';
import { InputError } from '../../lib/errors.ts';
import { redact } from '../../net/redact.ts';

export interface PushedRef {
  name: string;
  oid: string;
  /** What it stands for. */
  commit: string;
}

/** What a clone has of the revisions: HEAD, which is the first of them, the refs, and the beacons of them all. Throws InputError. */
export async function refsOf(
  dir: string,
  revisions: readonly string[],
  /** `beaconRef`: the ref of the beacon for a revision, if it can have one. */
  options: { tags: boolean; beaconRef: (revision: string) => string | undefined },
): Promise<PushedRef[]> {
  await requireWhole(dir);
  const named = revisions.length > 0 ? [...new Set(revisions)] : [await currentBranch(dir)];
  const refs = new Map<string, PushedRef>();
  for (const [index, revision] of named.entries()) {
    const ref = await find(dir, revision);
    if (index === 0) refs.set('HEAD', { name: 'HEAD', oid: ref.commit, commit: ref.commit });
    refs.set(ref.name, ref);
  }
  if (options.tags) for (const tag of await allTags(dir)) refs.set(tag.name, tag);
  for (const revision of ['HEAD', ...named]) {
    const name = options.beaconRef(revision);
    const beacon = name && (await look(dir, name, name));
    if (beacon) refs.set(beacon.name, beacon);
  }
  return [...refs.values()];
}

async function requireWhole(dir: string): Promise<void> {
  const shallow = await gitWord(dir, ['rev-parse', '--is-shallow-repository']);
  if (shallow === undefined) throw InputError.of(`${dir} is no clone of a Git repo`);
  if (shallow === 'true')
    throw InputError.of(
      `${dir} is a shallow clone: sites could not prove that its commits follow what they have`,
      'git fetch --unshallow, or a checkout with its whole history',
    );
  if ((await gitWord(dir, ['rev-parse', '--show-object-format'])) !== 'sha1')
    throw InputError.of(`${dir} uses SHA-256 object names, which Holdfast cannot read yet`);
}

async function currentBranch(dir: string): Promise<string> {
  const branch = await gitWord(dir, ['symbolic-ref', '-q', '--short', 'HEAD']);
  if (branch === undefined) throw InputError.of(`${dir} is at no branch`, 'name one with --revision');
  return branch;
}

async function find(dir: string, revision: string): Promise<PushedRef> {
  if (revision === 'HEAD') return find(dir, await currentBranch(dir));
  const places: [at: string, name: string][] = revision.startsWith('refs/')
    ? [[revision, revision]]
    : [
        [`refs/heads/${revision}`, `refs/heads/${revision}`],
        [`refs/tags/${revision}`, `refs/tags/${revision}`],
      ];
  const found: PushedRef[] = [];
  for (const [at, name] of places) {
    const ref = await look(dir, at, name);
    if (ref) found.push(ref);
  }
  const [ref, other] = found;
  if (other)
    throw InputError.of(
      `${dir} has a branch and a tag ${revision}`,
      `say refs/heads/${revision} or refs/tags/${revision}`,
    );
  // What a build server checks out is often a commit beside its branches.
  const remote = ref ?? (await look(dir, `refs/remotes/origin/${revision}`, `refs/heads/${revision}`));
  if (!remote) throw InputError.of(`${dir} has no branch and no tag ${JSON.stringify(revision)} with a commit`);
  return remote;
}

async function look(dir: string, at: string, name: string): Promise<PushedRef | undefined> {
  const oid = await gitWord(dir, ['rev-parse', '-q', '--verify', '--end-of-options', at]);
  const commit = oid && (await gitWord(dir, ['rev-parse', '-q', '--verify', `${oid}^{commit}`]));
  return oid && commit ? { name, oid, commit } : undefined;
}

async function allTags(dir: string): Promise<PushedRef[]> {
  const format = '%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)';
  const listed = (await git(dir, ['for-each-ref', `--format=${format}`, 'refs/tags'])).toString('utf8');
  return listed.split('\n').flatMap((line) => {
    const [name = '', type, oid = '', peeledType, peeled = ''] = line.split(' ');
    if (type === 'commit') return { name, oid, commit: oid };
    return type === 'tag' && peeledType === 'commit' ? { name, oid, commit: peeled } : [];
  });
}

/** Which of the objects a clone has, by what they stand for. */
export async function commitsOf(dir: string, oids: readonly string[]): Promise<Map<string, string>> {
  const asked = oids.map((oid) => `${oid}^{commit}\n`).join('');
  const answers = (await git(dir, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], asked))
    .toString('utf8')
    .split('\n');
  return new Map(
    oids.flatMap((oid, index) => {
      const [commit = '', type] = (answers[index] ?? '').split(' ');
      return type === 'commit' ? [[oid, commit] as const] : [];
    }),
  );
}

/** Whether everything in the commits is in one of the tips or before it. */
export async function isContained(dir: string, commits: Iterable<string>, tips: Iterable<string>): Promise<boolean> {
  const input = [...commits, ...[...tips].map((tip) => `^${tip}`)].map((line) => `${line}\n`).join('');
  return (await git(dir, ['rev-list', '--max-count=1', '--stdin'], input)).length === 0;
}

/** Where the clone is from, as far as others can go there; without credentials. */
export async function originOf(dir: string): Promise<string | undefined> {
  const url = await gitWord(dir, ['remote', 'get-url', 'origin']);
  return url !== undefined && /^(https?|ssh):\/\/|^[\w.-]+@[\w.-]+:/.test(url) ? redact(url) : undefined;
}
