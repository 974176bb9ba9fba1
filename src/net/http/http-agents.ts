import * as http from 'node:http';
import * as https from 'node:https';
import { getCACertificates } from 'node:tls';
import { messageOf, SourceError } from '../../lib/errors.ts';
import { lookupWithin, type NameLookup, type Place } from '../own-network.ts';
import { readSmall } from '../read-small.ts';
import { tunnelAgent, VERIFIED } from './proxy.ts';
import { systemAuthorities } from './system-authorities.ts';

/** PEM files by which a site knows the server, and the server the site. Read before each request, since certificates are renewed. */
export interface TlsFiles {
  /** Certificate authorities to trust besides the machine's own and Node's; roots, or those below one. */
  caFile?: string | undefined;
  certFile?: string | undefined;
  keyFile?: string | undefined;
}

/** The connections of an HTTP client: each is kept for the next request, and a new one of TLS resumes the session of the one before. */
export function httpAgents(files: TlsFiles, lookup?: NameLookup) {
  const agents = new Map<string, http.Agent>();
  let material = '';

  /** Drops the connections that were made with other certificates. */
  const tls = async (): Promise<https.AgentOptions> => {
    const [ca, cert, key] = await Promise.all([
      pem(files.caFile, 'certificate authorities', 'certificate'),
      pem(files.certFile, 'the client certificate', 'certificate'),
      pem(files.keyFile, 'the key of the client certificate', 'private key'),
    ]);
    const others = await systemAuthorities();
    const given = [...others, ca ?? []].flat();
    const now = JSON.stringify([ca, cert, key, others]);
    if (now !== material) close();
    material = now;
    return {
      ...VERIFIED,
      ca: given.length > 0 ? [...getCACertificates('default'), ...given] : undefined,
      // A person who names an authority between a root and the server trusts that one, and need not have its root.
      allowPartialTrustChain: ca !== undefined,
      cert,
      key,
    };
  };
  const close = (): void => {
    for (const agent of agents.values()) agent.destroy();
    agents.clear();
  };

  return {
    /** `reach`: another server named the URL, and may lead no further than that. Such connections are kept apart from the others. */
    async agentFor(url: URL, proxy: URL | undefined, reach: Place | undefined): Promise<http.Agent> {
      const isTls = url.protocol === 'https:' || proxy?.protocol === 'https:';
      const secrets = isTls ? await tls() : {};
      const key = `${url.protocol} ${proxy ? proxy.href : (reach ?? '')}`;
      const known = agents.get(key);
      if (known) return known;
      const resolve = reach && !proxy ? lookupWithin(reach, lookup) : lookup;
      const options = { keepAlive: true, maxFreeSockets: 1, ...secrets, ...(resolve && { lookup: resolve }) };
      const agent =
        url.protocol === 'https:'
          ? proxy
            ? tunnelAgent(options, proxy)
            : new https.Agent(options)
          : proxy?.protocol === 'https:'
            ? new https.Agent(options)
            : new http.Agent(options);
      agents.set(key, agent);
      return agent;
    },
    close,
  };
}

async function pem(path: string | undefined, what: string, holds: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readSmall(path).catch((error: unknown) => {
    throw new SourceError('auth', `The file with ${what} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  // Node takes one without for an empty one.
  if (!new RegExp(`^-----BEGIN [A-Z ]*${holds.toUpperCase()}-----`, 'm').test(text))
    throw new SourceError('auth', `The file with ${what}, ${path}, holds no ${holds} in PEM`);
  return text;
}
