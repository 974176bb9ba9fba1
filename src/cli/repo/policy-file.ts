import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Territory } from '../../apply/territory.ts';
import { SECRETS_DIR } from '../../compose/load/values/values.ts';
import { schemaProblems } from '../../fleet/schema/schema.ts';
import { InputError } from '../../lib/errors.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { SitePlaces } from '../../policy/asks.ts';
import type { Policy } from '../../policy/policy.ts';
import { parsePolicy } from '../../policy/policy-file.ts';
import { createSitePolicy, type SitePolicy } from '../../policy/site-policy.ts';
import type { AgeKeyFile } from '../options/kinds.ts';

/** Parses a policy. Throws InputError. */
export const readPolicy = (text: string, file: string): Promise<Policy> =>
  parsePolicy(text, file, (root) => schemaProblems(root, 'Policy'));

/** Where engines listen, by default. `*` matches any text in one part of a path. */
const SOCKETS = [
  '/run/docker.sock',
  '/run/docker/containerd/containerd.sock',
  '/run/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/balena-engine.sock',
  '/run/buildkit/buildkitd.sock',
  '/run/cri-dockerd.sock',
  '/run/user/*/docker.sock',
  '/run/user/*/podman/podman.sock',
  '/home/*/.docker/run/docker.sock',
];

/** The agent's settings and state, where the docs put them. */
const OWN = ['/etc/holdfast', '/var/lib/holdfast/state'];

export interface PolicyOptions {
  /** Where the engine of the site listens, if that is known. */
  dockerHost?: string | undefined;
  /** The folders of the site; the agent's own are not to be bound. */
  territory: Pick<Territory, 'filesDir' | 'keepOut' | 'secretsDir'>;
  /** The keys of the site, where they are known. */
  ageKeyFile?: readonly AgeKeyFile[] | undefined;
  /** Takes values out of a text that only the site may know. */
  hide?: ((text: string) => string) | undefined;
}

/** Gives a function that reads the site's policy at each call. Throws InputError for one that cannot be read or used. */
export function policyReader(
  file: string,
  { dockerHost = process.env.DOCKER_HOST, territory, ageKeyFile, hide }: PolicyOptions,
): () => Promise<SitePolicy> {
  const { secretsDir = SECRETS_DIR } = territory;
  const socket = /^unix:\/\/(\/.+)$/.exec(dockerHost ?? '')?.[1];
  const places: SitePlaces = {
    filesDir: territory.filesDir,
    secretsDir,
    keyed: ageKeyFile && new Set(ageKeyFile.map(({ app }) => app)),
    own: [...OWN, secretsDir, ...territory.keepOut, resolve(file)],
    sockets: socket === undefined ? SOCKETS : [socket, ...SOCKETS],
  };
  let last: { text: string; policy: SitePolicy } | undefined;
  return async () => {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw InputError.of(`the policy ${file} cannot be read: ${error.code ?? error.message}`);
    });
    const text = utf8(content, file);
    if (last?.text !== text) last = { text, policy: createSitePolicy(await readPolicy(text, file), places, hide) };
    return last.policy;
  };
}

/** The policy that a person gave on the command line. Throws InputError. */
export async function policyByHand(
  { policy, dockerHost }: { policy?: string | undefined; dockerHost?: string | undefined },
  site: PolicyOptions,
): Promise<SitePolicy | undefined> {
  return policy === undefined ? undefined : policyReader(policy, { dockerHost, ...site })();
}

/** The policy that all sites of a fleet have; nobody knows where their engines listen. Throws InputError. */
export const fleetPolicy = (
  { policy, filesDir }: { policy?: string | undefined; filesDir: string },
  hide: (text: string) => string,
): Promise<SitePolicy | undefined> =>
  policyByHand({ policy, dockerHost: '' }, { territory: { filesDir, keepOut: [] }, hide });

/** A warning about a policy that everybody on the machine may change; undefined for another one. */
export async function changeableByAll(file: string): Promise<string | undefined> {
  const { mode } = await stat(file);
  return mode & 0o002
    ? `${file} can be changed by everybody on this machine, who could then allow everything: chmod o-w ${file}`
    : undefined;
}
