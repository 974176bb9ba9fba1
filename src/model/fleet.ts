import type { Position, Problem } from '../lib/errors.ts';
import type { Requires } from './requirement.ts';
import type { SiteWindows, SyncWindow } from './sync-window.ts';

/** Says when an app follows Git, and how far. The words are those of Argo CD. */
export interface SyncPolicy {
  /** Absent: differences are only reported. */
  automated?: { prune: boolean; selfHeal: boolean; allowEmpty: boolean };
}

export interface LabelSelector {
  matchLabels?: Record<string, string> | undefined;
  matchExpressions?:
    | { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] | undefined }[]
    | undefined;
}

/** Selects the sites that run an app. All given conditions must hold; no condition selects every site. */
export interface Placement extends LabelSelector {
  sites?: string[] | undefined;
}

/** Fields that the site owns. They never count as a difference, and a replacement keeps their present values. */
export interface IgnoreRule {
  /** Names of services; `*` matches any text. Absent: all services. */
  services?: string[] | undefined;
  /** Names of fields as the plan prints them: `memory`, `environment`, `environment.LOG_LEVEL`. */
  fields: string[];
}

/** The facts of a site, by label: `holdfast.arch` and its like. */
export type SiteFacts = Readonly<Record<string, string>>;

/** The steps in which a change of an app reaches the sites. */
export interface Rollout {
  steps: RolloutStep[];
}

/** Some sites, and the time after which a change begins there. With a selector and a percentage, both must hold. */
export interface RolloutStep {
  selector?: Placement | undefined;
  /** About this share of all sites, counted from the start. */
  percent?: number | undefined;
  /** Milliseconds since the site first saw the change; `promotion`: until a signed promotion opens the step. */
  after: number | 'promotion';
  at: Position;
}

/** The step of a rollout that a site is in. */
export interface SiteStep extends Pick<RolloutStep, 'after'> {
  /** From 1. */
  step: number;
  of: number;
}

/** A key of a document that came after the first version. */
export interface NewKey {
  /** With the keys above it: `spec.rollout`. */
  name: string;
  /** The version that brought it. */
  since: string;
  at: Position;
}

/** A file of the repo that a document names. */
export interface NamedFile {
  /** Relative to the repo's root. */
  path: string;
  at: Position;
}

/** Settings that lie under those of every service. */
export interface ServiceDefaults {
  /** The limit of its memory, as Compose writes it: 256m. */
  memory?: string | undefined;
  /** The limit of its processes. */
  pids?: number | undefined;
  init?: boolean | undefined;
  logging?: { driver?: string | undefined; options?: Record<string, string> | undefined } | undefined;
}

/** Apps whose encrypted files have one age key. The sites that run any of them have it. */
export interface RecipientGroup {
  name: string;
  apps: { name: string; at: Position }[];
  at: Position;
}

/** kind: Fleet, in fleet.yaml. */
export interface FleetDocument {
  name: string;
  /** Values for every site. */
  values: Record<string, string>;
  /** The position of each value. */
  valuesAt: Record<string, Position>;
  valuesFrom: NamedFile[];
  /** Names whose values only the sites know. A laptop shows placeholders for them. */
  siteValues: string[];
  /** The policy of apps without a policy, and of apps that were removed from Git. */
  syncPolicy: SyncPolicy;
  /** False: the document has no policy, and the one here is the default. */
  hasSyncPolicy: boolean;
  /** The version of the oldest agent in the fleet. Default: 0.1.0. */
  oldestAgent?: string | undefined;
  newKeys: NewKey[];
  defaults?: ServiceDefaults | undefined;
  /** The position of each default: `memory`, `logging.driver`, `logging.options.max-size`. */
  defaultsAt: Record<string, Position>;
  /** The largest share of a site's containers, in percent, that one revision may prune. Default 50. */
  pruneThreshold: number;
  /** The public age keys of people: they edit encrypted files and give out the keys of groups. */
  recipients: string[];
  recipientGroups: RecipientGroup[];
  /** The steps of apps without steps of their own, and of apps that were removed from Git. */
  rollout?: Rollout | undefined;
  /** When any app of any site may be changed. Absent: always. */
  syncWindows?: SyncWindow[] | undefined;
  /** For Sites that do not say it. Default: closed. */
  onUnknownTime?: SiteWindows['onUnknownTime'] | undefined;
}

/** kind: Site, in sites/NAME.yaml; NAME may contain `/`. */
export interface SiteDocument {
  name: string;
  newKeys: NewKey[];
  labels: Record<string, string>;
  values: Record<string, string>;
  /** The position of each value. */
  valuesAt: Record<string, Position>;
  valuesFrom: NamedFile[];
  /** The site may have no apps at all. */
  allowEmpty: boolean;
  /** Apps that may be pruned although the prune is larger than the Fleet's threshold. */
  confirmPrune: string[];
  /** The revision for everything but this document. Absent: the revision that the site follows. */
  pin?: Pin | undefined;
  /** Nothing of the site is changed; it is only reported. */
  suspend: boolean;
  /** Its public age keys. Absent: nobody says. */
  recipients?: string[] | undefined;
  /** The IANA zone of sync windows that name none. Absent: UTC. */
  timeZone?: string | undefined;
  /** When any app of this site may be changed. Absent: always. */
  syncWindows?: SyncWindow[] | undefined;
  /** Absent: as the Fleet says. */
  onUnknownTime?: SiteWindows['onUnknownTime'] | undefined;
}

/** A Site's `targetRevision`. */
export interface Pin {
  /** A branch, a tag, a range of versions or a commit, as written. */
  revision: string;
  at: Position;
}

/** An app that another one depends on. */
export interface AppDependency {
  app: string;
  at: Position;
}

/** kind: Application, in apps/NAME/app.yaml. */
export interface ApplicationDocument {
  name: string;
  newKeys: NewKey[];
  placement: Placement;
  /** Absent: the document has no placement. */
  placementAt?: Position | undefined;
  /** Compose files in merge order, relative to the Application's folder. Default: compose.yaml. */
  compose: string[];
  overlays: { selector: Placement; compose: string[]; at?: Position }[];
  valuesFrom: NamedFile[];
  syncPolicy?: SyncPolicy | undefined;
  profiles: string[];
  projectDirectory?: string | undefined;
  /** The app takes over containers that `docker compose` started under its name. Default false. */
  adopt: boolean;
  /** The app's volumes that Git no longer names may be removed. Default false. */
  pruneVolumes: boolean;
  rollout?: Rollout | undefined;
  suspend: boolean;
  /** When this app may be changed. Absent: always. */
  syncWindows?: SyncWindow[] | undefined;
  /** Absent: it runs on any site. */
  requires?: Requires | undefined;
  /** Absent: it depends on no other app. */
  dependsOn?: AppDependency[] | undefined;
  ignoreDifferences: IgnoreRule[];
  at: Position;
}

/** The apps of one site according to the fleet layer, before any Compose file is compiled. Plain data, stored as JSON. */
export interface PlacedSite {
  site: string;
  revision: string;
  apps: PlacedApp[];
  /** Applications that cannot be read or used. */
  broken: { name: string; problems: Problem[] }[];
  /** Applications that Git has for other sites, and not for this one. */
  elsewhere?: string[];
  /** Those among them that only a fact of this site keeps away, with the reason: what runs of them is parked, not removed. Absent: none. */
  leftByFact?: Record<string, string> | undefined;
  /** Apps that others of this site depend on, and that Git does not place here. Absent: none. */
  absent?: string[] | undefined;
  /** The facts that placements asked for. Absent: none did, or nobody knows them here. */
  facts?: SiteFacts | undefined;
  /** The policy for apps that run here and that Git no longer names. Absent for a lone Compose file, which decides about its own app only. */
  vanished?: SyncPolicy | undefined;
  /** True if having no apps is intended; otherwise an empty desired state changes nothing. */
  allowEmpty: boolean;
  /** Percent of the site's containers that one plan may prune; it withholds more. */
  /** The step of the Fleet's rollout that the site is in, for apps that are removed from Git. Absent: they are removed at once. */
  step?: SiteStep | undefined;
  pruneThreshold: number;
  /** Apps whose pruning beyond the threshold is confirmed in Git. */
  confirmPrune: string[];
  /** Nothing of the site is changed. */
  suspend?: true | undefined;
  /** The windows that all of its apps have. Absent: none. */
  windows?: SiteWindows | undefined;
}

/** A file with values, and the kind of the document that names it. */
export interface ValuesFile {
  of: 'Fleet' | 'Application' | 'Site';
  /** Relative to the snapshot's root. */
  path: string;
}

/** One app, placed on one site. */
export interface PlacedApp {
  /** The Application's name. For a lone Compose file: the name when it has no `name:`. */
  name: string;
  /** False for a lone Compose file, whose `name:` comes first. */
  nameIsFixed: boolean;
  /** The Application's folder, relative to the snapshot's root; "" is the root. */
  folder: string;
  /** Compose files in merge order, overlays of this site last; relative to the snapshot's root. Empty: the `.env` of a lone app names them. */
  compose: string[];
  profiles: string[];
  sync: SyncPolicy;
  pruneVolumes: boolean;
  suspend: boolean;
  /** The windows of the Application; those of the Fleet and the Site come to them. Absent: none. */
  syncWindows?: SyncWindow[] | undefined;
  /** Where the site lacks any of this, the app is parked. Absent: nothing is asked for. */
  requires?: Requires | undefined;
  /** Its changes begin when those of these apps are done, and they run. Absent: it waits for none. */
  dependsOn?: AppDependency[] | undefined;
  /** The project's folder on the site, absolute. Default: in the app's folder below FILES_DIR. */
  projectDirectory?: string | undefined;
  /** The base folder for relative paths in the Compose files, relative to the snapshot's root. Default: the folder of the first file. */
  projectFolder?: string;
  /** The app takes over containers that `docker compose` started under its name. */
  adopt?: boolean | undefined;
  ignoreDifferences?: IgnoreRule[] | undefined;
  /** For an adopted stack: the folder that it was started from, as recorded at the first acceptance. projectDirectory comes first. */
  adoptedDirectory?: string;
  /** The step of the rollout that the site is in; absent: changes begin at once. */
  step?: SiteStep | undefined;
  /** Git's values for interpolation; the Site's values override the Fleet's. The site's own file overrides both when the app is compiled. */
  values: Record<string, string>;
  /** Files of Git with values, the strongest last. Absent: there are none. */
  valuesFrom?: ValuesFile[] | undefined;
  /** Those names in `values` that are the Site's. Absent where no file has values. */
  ofSite?: string[] | undefined;
  /** Names whose values only the site knows. */
  siteValues: string[];
  /** The version of the oldest agent in the fleet. */
  oldestAgent?: string | undefined;
  /** The Fleet's defaults for services. */
  defaults?: ServiceDefaults | undefined;
  /** The group whose key decrypts its files, where the keys of the site do not. */
  recipientGroup?: string | undefined;
}
