import type { Position } from '../lib/errors.ts';

/** One entry of `syncWindows`, as Git writes it. The words are those of Argo CD. */
export interface SyncWindow {
  /** allow: changes are made only while such a window is open. deny: none are made while it is. */
  kind: 'allow' | 'deny';
  /** The starts of the window, as five fields of cron. */
  schedule: string;
  /** Its length, as `2h` or `1h30m`. */
  duration: string;
  /** The IANA zone of `schedule`. Absent: that of the Site, else UTC. */
  timeZone?: string;
  /** `holdfast apply` by hand may change what this window keeps closed. */
  manualSync?: true;
  /** A change that waited begins only after Git has answered a poll since the window opened. */
  requireContact?: true;
  at: Position;
}

/** The windows that all apps of a site have, and their rules. Plain data, stored as JSON. */
export interface SiteWindows {
  fleet: SyncWindow[];
  site: SyncWindow[];
  /** The zone of windows that name none. */
  timeZone: string;
  /** The answer of all windows while the site does not know the time. */
  onUnknownTime: 'open' | 'closed';
}

/** The answers of a site's windows at one moment. */
export interface SiteVerdicts {
  /** By app that Git names; undefined: it has no windows. */
  apps: ReadonlyMap<string, WindowVerdict | undefined>;
  /** For apps that Git no longer names. */
  others: WindowVerdict | undefined;
}

/** The answer of an app's windows at one moment. */
export interface WindowVerdict {
  isOpen: boolean;
  /** Why, in words, with the next opening: it stays the same for as long as the answer does. */
  text: string;
  /** A person may make changes by hand now. */
  byHand: boolean;
  /** The next opening, RFC 3339; absent while it is open, or not known. */
  opens?: string | undefined;
  /** It is closed only for want of this. */
  awaits?: 'contact' | 'time' | undefined;
  /** Monotonic milliseconds at which the answer changes; absent where only an event changes it. */
  until?: number | undefined;
}
