import { type RemoteRef, requireObjectId } from '../refs.ts';
import { cutOff, type Packet, textOf } from './pkt-line.ts';
import { refList } from './ref-list.ts';

/** The greeting of a server: in version 2 only its capabilities, in the older one all of its refs as well. */
export type Advertisement =
  | { version: 2; capabilities: ReadonlySet<string> }
  | {
      version: 1;
      capabilities: ReadonlySet<string>;
      /** The server's capabilities, in the older protocol's own words. */
      features: ReadonlySet<string>;
      /** Commits of which the server has nothing that is older. */
      shallow: readonly string[];
      /** Those that were asked for. */
      refs: RemoteRef[];
    };

const PEELED = '^{}';
/** A mirror is cut at one commit, or at one for each of some branches. */
const MOST_SHALLOW = 1_000;

/**
 * Reads an advertisement up to the flush that ends it and no further, so that the same stream can carry what follows. Source: gitprotocol-v2(5),
 * gitprotocol-pack(5), and gitprotocol-http(5) for the service line before it.
 */
export async function readAdvertisement(
  packets: AsyncIterator<Packet>,
  prefixes: readonly string[] = [],
): Promise<Advertisement> {
  const next = async (): Promise<string | undefined> => {
    const { value, done } = await packets.next();
    if (done) throw cutOff();
    return value.kind === 'line' ? textOf(value.data) : undefined;
  };
  let first = await next();
  if (first?.startsWith('# service=')) {
    await next();
    first = await next();
  }
  if (first === 'version 2') return { version: 2, capabilities: await fetchWords(next) };
  if (first === 'version 1') first = await next();

  const refs = refList(prefixes);
  const shallow: string[] = [];
  const features = new Set((first?.split('\0')[1] ?? '').split(' '));
  for (let text = first; text !== undefined; text = await next()) {
    if (text.startsWith('shallow ')) {
      if (shallow.length < MOST_SHALLOW) shallow.push(requireObjectId(text.slice('shallow '.length)));
      continue;
    }
    // The first line carries the capabilities behind a NUL.
    const [oid, name = ''] = (text.split('\0')[0] ?? '').split(' ');
    if (name === `capabilities${PEELED}`) continue;
    if (name.endsWith(PEELED)) refs.peel(name.slice(0, -PEELED.length), requireObjectId(oid));
    else refs.add({ name, oid: requireObjectId(oid) });
  }
  return {
    version: 1,
    capabilities: new Set(features.has('shallow') ? ['shallow'] : []),
    features,
    shallow,
    refs: refs.all(),
  };
}

/** The words behind `fetch=`, where there are any. */
async function fetchWords(next: () => Promise<string | undefined>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let text = await next(); text !== undefined; text = await next()) {
    if (!text.startsWith('fetch=')) continue;
    for (const word of text.slice('fetch='.length).split(' ')) found.add(word);
  }
  return found;
}
