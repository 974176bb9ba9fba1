import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Held } from '../../compose/claims.ts';
import { type Disk, TEMPORARY_SUFFIX } from '../../lib/disk.ts';
import { messageOf, type Problem, StateError } from '../../lib/errors.ts';
import { mapValues } from '../../lib/maps/map-values.ts';
import type { Reading } from '../../model/app/outside-path.ts';
import type { PlacedApp, PlacedSite } from '../../model/fleet.ts';
import type { Entry } from '../../model/snapshot.ts';
import type { Recorded } from '../../source/recording.ts';
import { seal, unseal } from './state-file.ts';

/** The whole desired state that was accepted last: an agent that boots without a network enforces it. */
export interface Accepted {
  /** The repo that it came from. The caller compares it with the repo that it reads now. */
  url: string;
  ref: string;
  /** The commit in which the Site was read; everything else as well, where the Site pins nothing. */
  commit: string;
  pin?: AcceptedPin | undefined;
  site: Omit<PlacedSite, 'apps'>;
  apps: Record<string, AcceptedApp>;
  /** Changes that were accepted and have not begun, since the site's step of the rollout has not come: the new state of an app; null: its removal. */
  waiting?: Record<string, AcceptedApp | null> | undefined;
  /** The first name of the app of a lone Compose file. */
  firstName?: string | undefined;
}

export interface AcceptedPin {
  /** As the Site writes it. */
  revision: string;
  /** The commit that it named: all documents but the Site were read there. */
  commit: string;
  /** It names one commit for good, or a tag: a change of it is meant for this site, now. */
  isFixed?: true | undefined;
  /** The reason why the site may read it; absent where the site verifies nothing. */
  proof?: PinProof | undefined;
}

/** `ancestor`: it is in the history of the commit that pins it. `signed`: it is signed itself. `none`: neither, and the log has a warning. */
export interface PinProof {
  kind: 'ancestor' | 'signed' | 'none';
  /** The digest of the trust.yaml in force then. */
  verifiedBy: string;
}

export interface AcceptedApp {
  placed: PlacedApp;
  /** The revision from which it was read: of a broken app, the last good one. */
  revision: string;
  /** All that compiling it reads. */
  recorded: Recorded;
  /** Names, ports and paths that this app alone may use on the site; absent: none. */
  claims?: readonly Held[] | undefined;
  /** Each path that leads out of the app's folder, and how it was read; absent: there are none. */
  readings?: readonly Reading[] | undefined;
}

export interface AcceptedStore {
  /**
   * Call once, before the first save. An app that lost a piece is in `site.broken`: it is broken, and not removed. Throws StateError for the file of a
   * newer Holdfast.
   */
  load(): Promise<Loaded>;
  /**
   * Puts the whole state on the disk; a crash at any moment leaves the old state or the new one. Writes nothing when nothing changed. Gives warnings
   * about old files that could not be removed. Throws StateError, and then the old state still holds.
   */
  save(accepted: Accepted): Promise<string[]>;
}

export interface Loaded {
  accepted?: Accepted;
  problems: string[];
  /** Another version of Holdfast compiled it, which may read other files of the same commit. */
  isByOther: boolean;
}

const VERSION = 1;
const MODE = 0o600;
const INDEX = 'accepted.json';
/** Damaged indexes that are kept for people to look at. A decaying card must not fill up with them. */
const MOST_SET_ASIDE = 3;

/** The content of the index: apps by the blob that holds them, and the version of Holdfast that wrote it. */
type Index = Omit<Accepted, 'apps' | 'waiting'> & {
  program: string;
  apps: Record<string, StoredReference>;
  waiting?: Record<string, StoredReference | null> | undefined;
};

interface StoredReference {
  blob: string;
  revision: string;
}

/** The content of an app's blob: its files by their blobs. */
interface StoredApp {
  placed: PlacedApp;
  files: Record<string, { blob: string; executable: boolean }>;
  lists: Record<string, Entry[] | null>;
  missing: string[];
  claims?: readonly Held[] | undefined;
  readings?: readonly Reading[] | undefined;
}

/**
 * Keeps the accepted state in its own folder: the index `accepted.json`, and `blobs/SHA256`. Blobs are written before the index that names them, and
 * removed after the index that names them no more. `program` is the version of this Holdfast.
 */
export function acceptedStore(disk: Disk, dir: string, program: string): AcceptedStore {
  const index = posix.join(dir, INDEX);
  const blobs = posix.join(dir, 'blobs');
  /** Blobs known to be whole on the disk. */
  const held = new Set<string>();
  let stored: string | undefined;

  /** Reads a whole blob. Removes a damaged one, so that the next save writes it again. Throws StateError. */
  const readBlob = async (sha: string): Promise<Uint8Array> => {
    const content = await disk.read(posix.join(blobs, sha));
    if (!content) throw new StateError(`${posix.join(blobs, sha)} is missing`);
    if (sha256(content) !== sha) {
      await disk.remove(posix.join(blobs, sha));
      throw new StateError(`${posix.join(blobs, sha)} is damaged: its content is not what its name says`);
    }
    held.add(sha);
    return content;
  };

  const readApp = async (blob: string, revision: string): Promise<AcceptedApp> => {
    const { placed, files, lists, missing, claims, readings } = JSON.parse(utf8(await readBlob(blob))) as StoredApp;
    const contents: Recorded['files'] = Object.fromEntries(
      await Promise.all(
        Object.entries(files).map(
          async ([path, file]) => [path, { content: await readBlob(file.blob), executable: file.executable }] as const,
        ),
      ),
    );
    return { placed, revision, recorded: { files: contents, lists, missing }, claims, readings };
  };

  const setAside = async (content: Uint8Array): Promise<string> => {
    const numbers = (await disk.list(dir)).flatMap((name) =>
      name.startsWith(`${INDEX}.corrupt-`) ? Number(name.slice(`${INDEX}.corrupt-`.length)) : [],
    );
    numbers.sort((a, b) => a - b);
    const name = `${index}.corrupt-${(numbers.at(-1) ?? 0) + 1}`;
    await disk.write(name, content, MODE);
    await disk.remove(index);
    for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - MOST_SET_ASIDE)))
      await disk.remove(`${index}.corrupt-${old}`);
    return name;
  };

  /** Removes blobs that the index does not name any more, and files that a crash left. */
  const tidy = async (referenced: ReadonlySet<string>): Promise<string[]> => {
    try {
      for (const name of await disk.list(blobs)) {
        if (referenced.has(name)) continue;
        held.delete(name);
        await disk.remove(posix.join(blobs, name));
      }
      for (const name of await disk.list(dir)) {
        if (name.endsWith(TEMPORARY_SUFFIX)) await disk.remove(posix.join(dir, name));
      }
      return [];
    } catch (error) {
      return [`old files in ${dir} cannot be removed: ${messageOf(error)}`];
    }
  };

  return {
    async load() {
      const problems: string[] = [];
      let content: Uint8Array | undefined;
      try {
        content = await disk.read(index);
      } catch (error) {
        return { problems: [`${index} cannot be read: ${messageOf(error)}`], isByOther: false };
      }
      if (!content) return { problems, isByOther: false };
      const text = utf8(content);
      const found = parseIndex(index, text);
      if (!found) {
        const aside = await setAside(content).then(
          (name) => `it was set aside as ${name}`,
          (error: unknown) => `it cannot be set aside: ${messageOf(error)}`,
        );
        return {
          problems: [`${index} is damaged: the state that was accepted last is lost; ${aside}`],
          isByOther: false,
        };
      }
      const apps: [string, AcceptedApp][] = [];
      const lost: { name: string; problems: Problem[] }[] = [];
      for (const [name, { blob, revision }] of Object.entries(found.apps)) {
        try {
          apps.push([name, await readApp(blob, revision)]);
        } catch (error) {
          const message = `the accepted state of ${name} is lost: ${messageOf(error)}`;
          problems.push(message);
          lost.push({ name, problems: [{ message, app: name }] });
        }
      }
      const waiting: [string, AcceptedApp | null][] = [];
      for (const [name, reference] of Object.entries(found.waiting ?? {})) {
        // A change that is lost on the disk is gathered again.
        const app = reference && (await readApp(reference.blob, reference.revision).catch(() => undefined));
        if (app === undefined) problems.push(`the change of ${name} that waited is lost`);
        else waiting.push([name, app]);
      }
      stored = text;
      const broken = [...found.site.broken.filter(({ name }) => !lost.some((one) => one.name === name)), ...lost];
      const { program: by, ...rest } = found;
      const accepted: Accepted = {
        ...rest,
        site: { ...found.site, broken },
        apps: Object.fromEntries(apps),
        waiting: waiting.length > 0 ? Object.fromEntries(waiting) : undefined,
      };
      return { accepted, problems, isByOther: by !== program };
    },

    async save(accepted) {
      const pieces = new Map<string, Uint8Array>();
      const text = serialize(accepted, program, pieces);
      if (text === stored && [...pieces.keys()].every((sha) => held.has(sha))) return [];
      stored = undefined;
      try {
        for (const [sha, content] of pieces) {
          if (held.has(sha)) continue;
          await disk.write(posix.join(blobs, sha), content, MODE);
          held.add(sha);
        }
        await disk.write(index, text, MODE);
      } catch (error) {
        throw new StateError(`The accepted state cannot be written to ${dir}: ${messageOf(error)}`, { cause: error });
      }
      stored = text;
      return tidy(new Set(pieces.keys()));
    },
  };
}

/** The index as text; the blobs it names go into `pieces`. */
function serialize(accepted: Accepted, program: string, pieces: Map<string, Uint8Array>): string {
  const add = (content: Uint8Array): string => {
    const sha = sha256(content);
    pieces.set(sha, content);
    return sha;
  };
  const put = ({ placed, revision, recorded, claims, readings }: AcceptedApp): StoredReference => {
    const files = Object.entries(recorded.files).map(
      ([path, { content, executable }]) => [path, { blob: add(content), executable }] as const,
    );
    const app: StoredApp = {
      placed,
      files: Object.fromEntries(files),
      lists: recorded.lists,
      missing: recorded.missing,
      claims,
      readings: readings?.length ? readings : undefined,
    };
    return { blob: add(Buffer.from(JSON.stringify(app))), revision };
  };
  const content: Index = {
    ...accepted,
    program,
    apps: mapValues(accepted.apps, put),
    waiting: accepted.waiting && mapValues(accepted.waiting, (app) => app && put(app)),
  };
  return seal(VERSION, content);
}

/** undefined for anything that is not what `serialize` wrote. Throws StateError for the file of a newer Holdfast. */
export const parseIndex = (path: string, text: string): Index | undefined =>
  unseal(path, text, VERSION) as Index | undefined;

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
const utf8 = (content: Uint8Array): string => Buffer.from(content).toString('utf8');
