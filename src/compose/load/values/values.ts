import { own } from '../../../lib/maps/own.ts';
import type { Reading } from '../../../model/app/outside-path.ts';
import type { PlacedApp } from '../../../model/fleet.ts';
import type { EncryptedFile } from '../../../model/snapshot.ts';
import type { SiteSecrets } from '../../../secrets/site-secrets.ts';
import type { LoadTrace, Origin, OriginsOf } from '../trace.ts';
import type { Lookup, Value } from './template.ts';

/** The folder of all apps on a site that names no other. */
export const FILES_DIR = '/var/lib/holdfast/apps';

/** The folder of decrypted files on a site that names no other. It is in memory. */
export const SECRETS_DIR = '/run/holdfast/secrets';

/** Everything that compiling needs besides the files of Git. */
export interface CompileOptions {
  /** The folder of all apps on the site, absolute. */
  filesDir: string;
  /** The app's folder on this machine, for output that `docker compose` reads here. Absent: the folder on the site. */
  appDirectory?: string | undefined;
  /** The site's own values, which Git must not hold. They override Git's values. */
  localValues?: Record<string, string> | undefined;
  /** The environment of the process, with `--env`. */
  environment?: Record<string, string> | undefined;
  /** On a laptop: `{{NAME}}` replaces a value that only the site knows. */
  placeholders?: boolean | undefined;
  /** Every app adopts containers that `docker compose` started under its name, even without `adopt: true`. */
  adopt?: boolean | undefined;
  /** For each Compose project on the site, the folders that its containers were started from. Absent: the engine was not asked. */
  stacks?: Record<string, string[]> | undefined;
  /** The size limit for one file of Git, in bytes. Default: 32 MiB. */
  maxFileBytes?: number | undefined;
  /** The folder of decrypted files on the site, absolute. Default: SECRETS_DIR. */
  secretsDir?: string | undefined;
  /** Decrypts files of SOPS. Absent on a laptop, where they stay encrypted, and on a site without a key, where an app that uses them is broken. */
  secrets?: SiteSecrets | undefined;
  /** The meaning of paths that lead out of the app's folder, at the last acceptance. */
  before?: PathsBefore | undefined;
  /** Called with each name that is looked up among the values, found or not. */
  onAsked?: ((name: string) => void) | undefined;
  /** Called with each used value that does not come from Git, so that no message shows it. */
  onOutside?: ((name: string, value: string) => void) | undefined;
  /** Called with the app's name as soon as it is known, even if compiling fails later. */
  onName?: ((name: string) => void) | undefined;
  /** Called with each name that gets a placeholder. */
  onPlaceholder?: ((name: string) => void) | undefined;
  /** Refuses keys of Holdfast that the oldest agent of the fleet does not know. */
  holdVersions?: boolean | undefined;
  /** Hears from where loading read. */
  trace?: LoadTrace | undefined;
}

/** The meaning of paths that lead out of an app's folder, at its last acceptance. */
export interface PathsBefore {
  /** Git or the site, by path in the repo. */
  readings: ReadonlyMap<string, Reading['from']>;
  /** Folders of the site beside those of the apps. */
  beside: ReadonlySet<string>;
}

/** The values that the documents of the fleet give an app: those in them, and those of the files under `valuesFrom`. */
export interface ValuesOfGit {
  lookup: Lookup;
  /** All values that a name has, the one that counts first. */
  origins(name: string): Origin[];
  /** The files among them that SOPS encrypted. */
  encrypted: readonly EncryptedFile[];
}

/** The sources of one app's values, in their order. */
export class Values {
  private readonly app: PlacedApp;
  private readonly site: string;
  private readonly options: CompileOptions;
  private readonly git: ValuesOfGit;
  private builtIn: Record<string, string>;
  /** The app's `.env`. */
  private readonly dotenv: ReadonlyMap<string, Value>;

  constructor(
    app: PlacedApp,
    site: string,
    options: CompileOptions,
    git: ValuesOfGit,
    dotenv: ReadonlyMap<string, Value> = new Map(),
  ) {
    this.app = app;
    this.site = site;
    this.options = options;
    this.git = git;
    this.builtIn = { HOLDFAST_SITE: site };
    this.dotenv = dotenv;
  }

  /** Sets the app's name. */
  named(name: string): void {
    this.builtIn = { HOLDFAST_SITE: this.site, HOLDFAST_APP: name, COMPOSE_PROJECT_NAME: name };
  }

  withDotenv(dotenv: ReadonlyMap<string, Value>): Values {
    return new Values(this.app, this.site, this.options, this.git, dotenv);
  }

  /** The values for an included file. Its own environment files only add names that have no value otherwise. */
  withIncluded(dotenv: ReadonlyMap<string, Value>): Values {
    const inner = this.withDotenv(new Map([...dotenv, ...this.dotenv]));
    inner.builtIn = this.builtIn;
    return inner;
  }

  /** Asks in this order: built-in values, the site's own, Git's, the environment, `.env`, placeholders. */
  readonly lookup: Lookup = (name) =>
    this.ofSite(name) ?? this.dotenv.get(name) ?? (this.isPlaceholder(name) ? this.placeholder(name) : undefined);

  /** The folder for `~`: HOME of the site. Docker Compose also takes it from its environment and not from `.env`. */
  get home(): Value | undefined {
    const isOfSites = this.options.placeholders === true && this.isSiteValue('HOME');
    return this.ofSite('HOME') ?? (isOfSites ? this.placeholder('HOME') : undefined);
  }

  get trace(): LoadTrace | undefined {
    return this.options.trace;
  }

  /** All values that a name has, the one that counts first. */
  readonly origins: OriginsOf = (name) => {
    const { localValues, environment } = this.options;
    const of = (source: 'builtIn' | 'local' | 'environment', values: Record<string, string> | undefined): Origin[] => {
      const text = own(values, name);
      return text === undefined ? [] : [{ source, value: { text } }];
    };
    const dotenv = this.dotenv.get(name);
    return [
      ...of('builtIn', this.builtIn),
      ...of('local', localValues),
      ...this.git.origins(name),
      ...of('environment', environment),
      ...(dotenv ? [{ source: 'dotenv' as const, value: dotenv }] : []),
    ];
  };

  private placeholder(name: string): Value {
    this.options.onPlaceholder?.(name);
    return { text: `{{${name}}}` };
  }

  private ofSite(name: string): Value | undefined {
    const { localValues, environment, onAsked, onOutside } = this.options;
    onAsked?.(name);
    const builtIn = own(this.builtIn, name);
    if (builtIn !== undefined) return { text: builtIn };
    const outside = (values: Record<string, string> | undefined): Value | undefined => {
      const text = own(values, name);
      if (text !== undefined) onOutside?.(name, text);
      return text === undefined ? undefined : { text, outside: true };
    };
    return outside(localValues) ?? this.git.lookup(name) ?? outside(environment);
  }

  /** True when `lookup` gives a placeholder for a name. */
  isPlaceholder(name: string): boolean {
    return this.options.placeholders === true && this.isSiteValue(name) && !this.isKnown(name);
  }

  /** True for a name in the Fleet's `siteValues`. */
  isSiteValue(name: string): boolean {
    return this.app.siteValues.includes(name);
  }

  /** A hint for a name in `siteValues` without a value; undefined for all other names. */
  readonly required = (name: string): string | undefined => (this.isSiteValue(name) ? this.hint(name) : undefined);

  /** A hint for a variable without a value. */
  hint(name: string): string {
    if (this.isSiteValue(name)) {
      return 'each site has its own value: set it under values in sites/NAME.yaml, or in the file of --values on the site';
    }
    if (!this.app.nameIsFixed)
      return `give it a value in .env or in the file of --values, or a default as in \${${name}:-default}`;
    return `give it a value in fleet.yaml, the Site, .env or the file of --values, or a default as in \${${name}:-default}`;
  }

  private isKnown(name: string): boolean {
    const { localValues, environment, onAsked } = this.options;
    onAsked?.(name);
    return (
      [this.builtIn, localValues, environment].some((source) => own(source, name) !== undefined) ||
      this.git.lookup(name) !== undefined ||
      this.dotenv.has(name)
    );
  }
}
