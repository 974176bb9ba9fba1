import type { Position, Problem } from '../lib/errors.ts';

/** When and how far an app follows Git. The words are Argo CD's. */
export interface SyncPolicy {
  /** Absent: only report. */
  automated?: { prune: boolean; selfHeal: boolean; allowEmpty: boolean };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}

/** Which sites an app runs on. All given conditions must hold; none given means every site. */
export interface Placement extends LabelSelector {
  sites?: string[];
}

/** Fields that the site owns: no difference there, and a replacement keeps what is found. */
export interface IgnoreRule {
  /** Names of services, in which `*` stands for anything. Absent: all. */
  services?: string[];
  /** `memory`, `environment`, `environment.LOG_LEVEL`: as the plan calls them. */
  fields: string[];
}

/** kind: Fleet, in fleet.yaml. */
export interface FleetDocument {
  name: string;
  /** Values for every site. */
  values: Record<string, string>;
  /** Names that only sites know; a laptop shows them as placeholders. */
  siteValues: string[];
  /** For apps that have none of their own, and for apps that vanished from Git. */
  syncPolicy: SyncPolicy;
  /** The largest share of a site's containers, in percent, that one revision may prune. Default 50. */
  pruneThreshold: number;
}

/** kind: Site, in sites/NAME.yaml; NAME may contain `/`. */
export interface SiteDocument {
  name: string;
  labels: Record<string, string>;
  values: Record<string, string>;
  /** No apps at all is meant. */
  allowEmpty: boolean;
  /** Confirms, in Git, a prune larger than the Fleet's threshold; the apps it may prune. */
  confirmPrune: string[];
  /** The revision at which everything but this document is read. Absent: the one that the site follows. */
  pin?: Pin;
}

/** A Site's `targetRevision`. */
export interface Pin {
  /** A branch, a tag, a range of versions or a commit, as written. */
  revision: string;
  at: Position;
}

/** kind: Application, in apps/NAME/app.yaml. */
export interface ApplicationDocument {
  name: string;
  placement: Placement;
  /** Absent: it has none. */
  placementAt?: Position;
  /** Compose files in merge order, relative to the Application's folder. Default: compose.yaml. */
  compose: string[];
  overlays: { selector: Placement; compose: string[]; at?: Position }[];
  syncPolicy?: SyncPolicy;
  profiles: string[];
  projectDirectory?: string;
  /** What `docker compose` started under this app's name is ours. Default false. */
  adopt: boolean;
  /** Volumes of ours that Git no longer names may be removed. Default false. */
  pruneVolumes: boolean;
  suspend: boolean;
  ignoreDifferences: IgnoreRule[];
  at: Position;
}

/** What one site should run according to Git's fleet layer: before any Compose file is compiled. Plain data; stored as JSON. */
export interface PlacedSite {
  site: string;
  revision: string;
  apps: PlacedApp[];
  /** Applications that name themselves but cannot be read. */
  broken: { name: string; problems: Problem[] }[];
  /** Applications of the repo that are not placed on this site. */
  elsewhere?: string[];
  /** Absent for a lone Compose file, which speaks for its own app only. */
  vanished?: SyncPolicy | undefined;
  allowEmpty: boolean;
  pruneThreshold: number;
  confirmPrune: string[];
}

/** One app, placed on one site. */
export interface PlacedApp {
  /** The Application's name; for a bare compose file the fallback when it has no `name:`. */
  name: string;
  /** False for a bare compose file: its own `name:` beats ours. */
  nameIsFixed: boolean;
  /** The Application's folder, relative to the snapshot's root; "" is the root. */
  folder: string;
  /** Compose files in merge order, overlays of this site last; relative to the snapshot's root. None: a lone app's `.env` names them. */
  compose: string[];
  profiles: string[];
  sync: SyncPolicy;
  pruneVolumes: boolean;
  suspend: boolean;
  /** Where the project's folder lies on the site, absolute. Default: in the app's folder below FILES_DIR. */
  projectDirectory?: string;
  /** The folder that relative paths of the Compose files are relative to; relative to the snapshot's root. Default: that of the first file. */
  projectFolder?: string;
  /** What `docker compose` started under this app's name is ours. */
  adopt?: boolean;
  ignoreDifferences?: IgnoreRule[];
  /** Of an adopted stack: the folder that it was started from, kept since it was accepted first. projectDirectory comes before it. */
  adoptedDirectory?: string;
  /** Git's values for interpolation, Site over Fleet. The site's own file is laid over them when the app is compiled. */
  values: Record<string, string>;
  /** Names that Git leaves to the site. */
  siteValues: string[];
}
