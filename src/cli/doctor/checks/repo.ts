import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { InputError, messageOf, type SourceErrorKind } from '../../../lib/errors.ts';
import { durationText } from '../../../lib/units/duration.ts';
import { proxyFor, proxyFrom } from '../../../net/http/proxy.ts';
import { registryHost } from '../../../registry/oci/oci-reference.ts';
import type { Remote } from '../../../source/remote.ts';
import { type RepoAnswer, remotesOf } from '../ask-repo.ts';
import { type Finding, ok, problem } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** The advice for each reason why a repo, or a registry, cannot be read. */
export const SOURCE_ADVICE: Readonly<Record<SourceErrorKind, string>> = {
  unreachable: 'check the network of the site, the host and the port; what runs goes on meanwhile',
  dns: 'check the name in the URL, and the name servers of this machine in /etc/resolv.conf',
  tls: 'name the certificate authority of the server with --ca-file, or renew the certificate of the server',
  clock: 'set the clock of this machine, and keep it right with NTP',
  proxy: 'check HTTPS_PROXY and NO_PROXY in the environment of the agent',
  portal: 'sign the site in at its network, or use another network',
  busy: 'wait: the agent asks again by itself',
  server: 'look at the log of the server; the agent asks again by itself',
  hostKey: 'write the key of the server to the file of --known-hosts-file, after you compared it (`ssh-keyscan HOST`)',
  auth: 'write a valid token or password to the file that the settings name, or make a new one; for a registry, `docker login`',
  notFound: 'check --repo, --revision and --path, and that the token may read this repo',
  protocol: 'check that the URL is the one for `git clone`',
  limit: 'raise the limit that the message names, or make the repo smaller',
  local: 'free some space on the disk of the state folder',
  path: 'rename the file in the repo',
  aborted: 'check the network of the site; the server gave no answer in time',
};

/** Can the repo be read with the agent's own settings? */
export async function checkGit({ repo }: Subject): Promise<Finding> {
  const { found } = await repo();
  if (typeof found === 'string') return ok(found);
  return problem(
    messageOf(found),
    found instanceof InputError ? 'correct the setting that the message names' : SOURCE_ADVICE[found.kind],
  );
}

/** The machine's clock and the server's may differ by this much, in milliseconds: as for sync windows. */
const NEAR = 10 * 60_000;

/** Is the clock right, by the date of the Git server? */
export const checkClock = async ({ repo }: Subject): Promise<Finding> => clockFinding((await repo()).date);

/** The finding by a date of the server and the clock at that moment. */
export function clockFinding(date: RepoAnswer['date']): Finding {
  if (!date) return ok('the repo told no date by HTTPS, so the clock is not compared');
  const difference = date.here - date.server;
  if (Math.abs(difference) <= NEAR) return ok('the clock agrees with the server of the repo');
  return problem(
    `the clock is ${durationText(Math.abs(difference))} ${difference > 0 ? 'ahead of' : 'behind'} the server of the repo`,
    SOURCE_ADVICE.clock,
  );
}

/** Do the names of the servers resolve? */
export async function checkDns({ settings, environment }: Subject): Promise<Finding> {
  if (settings.repo.length === 0) return ok('no config repo is set, so no name has to be resolved');
  const hosts = [...new Set(remotesOf(settings).flatMap((remote) => hostOf(remote, environment)))];
  const unknown: string[] = [];
  for (const host of hosts)
    await lookup(host).catch((error: NodeJS.ErrnoException) => unknown.push(`${host} (${error.code})`));
  if (unknown.length > 0) return problem(`${unknown.join(', ')} does not resolve`, SOURCE_ADVICE.dns);
  return ok(hosts.length === 0 ? 'no name has to be resolved for the repo' : `${hosts.join(', ')} resolves`);
}

/** The name that this machine resolves to reach a repo; that of its proxy, if it has one. */
function hostOf(remote: Remote, environment: NodeJS.ProcessEnv): string[] {
  const named = (host: string): string[] => (isIP(host.replace(/^\[|\]$/g, '')) === 0 ? [host] : []);
  switch (remote.kind) {
    case 'folder':
    case 'bundle':
      return [];
    case 'ssh':
      return named(remote.address.host);
    case 'http':
    case 'registry': {
      const url = new URL(remote.kind === 'http' ? remote.url : `https://${registryHost(remote.reference)}`);
      return named((proxyFor(url, proxyFrom(environment)) ?? url).hostname);
    }
  }
}
