/** Something that happened on a site and that a person may look for later. */
export interface HistoryEntry {
  /** RFC 3339, by the clock of the site: the time at which it happened or, for a state, began. */
  at: string;
  kind: HistoryKind;
  /** Absent: it is about the whole site. */
  app?: string | undefined;
  revision?: string | undefined;
  text: string;
  /** It happened so many times in a row. Absent: once. */
  times?: number | undefined;
  /** The last time of several. */
  lastAt?: string | undefined;
}

/** `state`: sync, health or operation of an app changed, and it lasted. */
export type HistoryKind = 'accepted' | 'refused' | 'state' | 'healed' | 'failed';

/** The output of `holdfast history -o json`. */
export interface SiteHistory {
  site: string;
  asOf: string;
  /** The newest last. */
  entries: HistoryEntry[];
}
