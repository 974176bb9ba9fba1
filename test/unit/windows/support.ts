import type { SiteWindows, SyncWindow } from '../../../src/model/sync-window.ts';

const at = { file: 'fleet.yaml', line: 1, column: 1 };

export const allow = (schedule: string, duration: string, more: Partial<SyncWindow> = {}): SyncWindow => ({
  kind: 'allow',
  schedule,
  duration,
  at,
  ...more,
});

export const deny = (schedule: string, duration: string, more: Partial<SyncWindow> = {}): SyncWindow => ({
  ...allow(schedule, duration, more),
  kind: 'deny',
});

export const siteWindows = (more: Partial<SiteWindows> = {}): SiteWindows => ({
  fleet: [],
  site: [],
  timeZone: 'UTC',
  onUnknownTime: 'closed',
  ...more,
});

/** An instant as UTC writes it. */
export const utc = (text: string): number => Date.parse(`${text}Z`);
export const text = (instant: number | undefined): string =>
  instant === undefined ? 'never' : new Date(instant).toISOString().slice(0, 16);
