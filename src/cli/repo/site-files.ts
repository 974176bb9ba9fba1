import { readDocument } from '../../fleet/document.ts';
import type { Kind } from '../../fleet/schema/schemas.ts';
import { requireSiteName } from '../../fleet/sites.ts';
import { InputError } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { folderSnapshot } from '../../source/folder-snapshot.ts';
import { toPlain } from '../../yaml/node.ts';

/** Where a folder has the document of a site. */
export const siteFile = (site: string): string => `${site}.json`;

/**
 * Reads documents of one kind from a folder that has one a site; undefined where there is none. Throws InputError for one that cannot be read, or
 * that is of another site. `T` is the type that the kind's schema describes.
 */
export function siteFiles<T extends { site: string }>(
  dir: string,
  kind: Kind,
): (site: string) => Promise<T | undefined> {
  let folder: Promise<Snapshot> | undefined;
  return async (site) => {
    requireSiteName(site);
    folder ??= folderSnapshot(dir);
    const root = await readDocument(await folder, siteFile(site), kind);
    if (!root) return undefined;
    // The schema has checked its shape.
    const document = toPlain(root) as T;
    if (document.site === site) return document;
    throw InputError.at(root.at, `this is the ${kind} of ${document.site}, and not of ${site}`);
  };
}
