import type { ReadApp } from '../compose/compile-app.ts';
import { entryOf, type ScalarNode, type YamlNode } from '../yaml/node.ts';
import type { Leaf } from './leaves.ts';

/** The configs and secrets that a service uses, as the top level of the Compose files declares them. */
export interface DeclaredFiles {
  /** As `secrets.NAME.file`. */
  leaves: Leaf[];
  /** Names of files that SOPS encrypted. */
  encrypted: ReadonlySet<YamlNode>;
  /** Contents of files, which are not shown. */
  contents: ReadonlySet<YamlNode>;
}

/** Reads the declarations. Problems of encrypted files go to the report. */
export async function declaredFiles(service: string, read: ReadApp): Promise<DeclaredFiles> {
  const { project } = read;
  const found = { leaves: [] as Leaf[], encrypted: new Set<YamlNode>(), contents: new Set<YamlNode>() };
  const keys = project.services.get(service)?.keys;
  for (const kind of ['configs', 'secrets'] as const) {
    for (const source of new Set(keys?.[kind]?.map((use) => use.source))) {
      const declared = project[kind].get(source);
      for (const key of ['file', 'content', 'environment']) {
        const node = entryOf(declared?.node, key)?.value;
        if (node?.kind !== 'scalar') continue;
        found.leaves.push({ path: [kind, source, key], node, lost: node.replaced ? [{ node: node.replaced }] : [] });
        if (key === 'content') for (const one of [node, node.replaced]) if (one) found.contents.add(one);
        if (key === 'file' && (await isEncrypted(node, read))) found.encrypted.add(node);
      }
    }
  }
  return found;
}

async function isEncrypted({ text, at }: ScalarNode, { encrypted, report }: ReadApp): Promise<boolean> {
  try {
    return (await encrypted.find(text, at)) !== undefined;
  } catch (error) {
    report.add(error);
    return true;
  }
}
