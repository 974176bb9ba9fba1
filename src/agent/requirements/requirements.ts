import type { Host } from '../../host/host.ts';
import { missingOf, needsText, requiredThings, unseenOf, unseenText } from '../../host/required-things.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Parking, Parkings, Requires } from '../../model/requirement.ts';
import type { DesiredApp, DesiredSite, EngineFacts } from '../../model/state.ts';

/** Milliseconds after which a thing that is away is lost. A device that starts again is away for some seconds. */
const LOST_MS = 10_000;

/** Tells which apps of a site are parked, since the site lacks something that they require. */
export interface Requirements {
  /** A thing that cannot be seen parks nothing, and is told once. */
  ask(site: DesiredSite, engine: EngineFacts): Promise<Parkings>;
  stop(): void;
}

export interface RequirementsOptions {
  clock: Clock;
  log: Log;
  host: Host;
  /** Called when the answer may be another one, since a device came or went. */
  onChange: () => void;
}

export function createRequirements({ clock, log, host, onChange }: RequirementsOptions): Requirements {
  /** The monotonic time since which a thing that an app requires is away. */
  const away = new Map<string, number>();
  const told = new Set<string>();
  let watched: { apps: DesiredApp[]; seen: string; end: () => void } | undefined;

  /** A look at what may come and go costs some calls of the system, and starts a pass only if something did. */
  async function look(): Promise<void> {
    const seen = watched && (await seenDevices(host, watched.apps));
    if (!watched || seen === watched.seen) return;
    watched.seen = seen ?? '';
    onChange();
  }

  async function watchFor(apps: DesiredApp[]): Promise<void> {
    if (apps.length === 0) {
      watched?.end();
      watched = undefined;
      return;
    }
    const end = watched?.end ?? host.watch(() => void look());
    watched = { apps, seen: await seenDevices(host, apps), end };
  }

  function parkingOf(app: string, requires: Requires, missing: readonly string[]): Parking | undefined {
    const now = clock.monotonic();
    const since = missing.map((text) => {
      const key = `${app} ${text}`;
      if (!away.has(key)) away.set(key, now);
      return away.get(key) ?? now;
    });
    if (missing.length === 0) return undefined;
    const reason = needsText(missing);
    if (requires.onLoss === 'keep') return { reason, stops: false };
    const stopsAt = Math.min(...since) + LOST_MS;
    return stopsAt <= now ? { reason, stops: true } : { reason, stops: false, stopsAt };
  }

  function tellUnknown(app: string, unknown: readonly string[]): void {
    const sentence = unseenText(app, unknown);
    if (unknown.length === 0 || told.has(sentence)) return;
    told.add(sentence);
    log.warn(sentence, { app });
  }

  return {
    async ask(site, engine) {
      const apps = site.apps.filter(({ requires }) => requires !== undefined);
      await watchFor(apps.filter(({ requires }) => requires && (requires.devices.length > 0 || requires.gpus)));
      const parkings = new Map<string, Parking>();
      const here = new Set<string>();
      for (const { name, requires } of apps) {
        if (!requires) continue;
        const things = await requiredThings(requires, host, engine.host);
        const missing = missingOf(things);
        for (const text of missing) here.add(`${name} ${text}`);
        tellUnknown(name, unseenOf(things));
        const parking = parkingOf(name, requires, missing);
        if (parking) parkings.set(name, parking);
      }
      for (const key of away.keys()) if (!here.has(key)) away.delete(key);
      return parkings;
    },
    stop: () => watched?.end(),
  };
}

/** The devices that are there, in one string that is another one after a change. */
const seenDevices = async (host: Host, apps: readonly DesiredApp[]): Promise<string> =>
  JSON.stringify(
    await Promise.all(
      apps.flatMap(({ requires }) => [
        ...(requires?.devices ?? []).map((device) => host.hasDevice(device)),
        ...(requires?.gpus ? [host.gpus()] : []),
      ]),
    ),
  );
