import type { Engine } from '../../engine/engine.ts';
import { siteFacts } from '../../fleet/facts/facts.ts';
import type { Disk } from '../../lib/disk.ts';
import { EngineError, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { SiteFacts } from '../../model/fleet.ts';
import { seal, unseal } from '../state/state-file.ts';

const VERSION = 1;

export interface FactsOptions {
  disk: Disk;
  path: string;
  engine: Pick<Engine, 'facts'>;
  log: Log;
}

/**
 * The facts of a site. They are kept on the disk: one that cannot be read now has its last value. Throws EngineError where a fact was never known and the
 * engine does not answer, and StateError for the file of a newer Holdfast.
 */
export async function openFacts({ disk, path, engine, log }: FactsOptions): Promise<() => Promise<SiteFacts>> {
  const content = await disk.read(path);
  const text = content && Buffer.from(content).toString('utf8');
  const stored = text === undefined ? undefined : parse(unseal(path, text, VERSION));
  if (text !== undefined && !stored) log.warn(`${path} is damaged: the facts of this site are read again`);
  let known: SiteFacts | undefined = stored;
  return async () => {
    let found: SiteFacts;
    try {
      found = siteFacts((await engine.facts()).host);
    } catch (error) {
      if (known && error instanceof EngineError) return known;
      throw error;
    }
    const next = { ...known, ...found };
    if (JSON.stringify(next) === JSON.stringify(known)) return next;
    known = next;
    await disk
      .write(path, seal(VERSION, next), 0o600)
      .catch((error: unknown) => log.warn(`${path} cannot be written: ${messageOf(error)}`));
    return next;
  };
}

function parse(value: unknown): SiteFacts | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every((each) => typeof each === 'string') ? (value as SiteFacts) : undefined;
}
