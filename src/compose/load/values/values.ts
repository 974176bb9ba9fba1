import type { PlacedApp } from '../../../model/fleet.ts';
import type { Reading } from '../../../model/state.ts';
import type { Lookup } from './template.ts';

/** What compiling is told besides what Git says. */
export interface CompileOptions {
  /** Where the folders of apps lie on the site, absolute. */
  filesDir: string;
  /** Where the app's folder lies on this machine, whatever the site has; for what is rendered for `docker compose`. */
  appDirectory?: string;
  /** The site's own values, which Git must not hold; they beat Git's. */
  localValues?: Record<string, string>;
  /** The process's environment, where it was asked for. */
  environment?: Record<string, string>;
  /** On a laptop: `{{NAME}}` stands for what only the site knows. */
  placeholders?: boolean;
  /** Every app adopts what `docker compose` started under its name, whatever its Application says. */
  adopt?: boolean;
  /** The folders that the containers of each Compose project on the site were started from. Absent: nobody asked the engine. */
  stacks?: Record<string, string[]>;
  /** Bytes that a site takes of one file of Git. Default: 32 MiB. */
  maxFileBytes?: number;
  /** How the app read paths that lead out of its folder when it was accepted before. */
  before?: PathsBefore | undefined;
  /** Hears of each value that is used and does not come from Git, so that no message shows it. */
  onOutside?: (name: string, value: string) => void;
  /** Hears of each name for which a placeholder is used. */
  onPlaceholder?: (name: string) => void;
}

/** How an app reads paths that lead out of its folder, as it was accepted last. */
export interface PathsBefore {
  /** By path in the repo. */
  readings: ReadonlyMap<string, Reading['from']>;
  /** Folders beside those of the apps. */
  beside: ReadonlySet<string>;
}

/** Where the values of one app come from, in the order in which they are asked. */
export class Values {
  private readonly app: PlacedApp;
  private readonly site: string;
  private readonly options: CompileOptions;
  private builtIn: Record<string, string>;
  /** The app's `.env`. */
  private readonly dotenv: ReadonlyMap<string, string>;

  constructor(app: PlacedApp, site: string, options: CompileOptions, dotenv: ReadonlyMap<string, string> = new Map()) {
    this.app = app;
    this.site = site;
    this.options = options;
    this.builtIn = { HOLDFAST_SITE: site };
    this.dotenv = dotenv;
  }

  /** The app's name, once it is known. */
  named(name: string): void {
    this.builtIn = { HOLDFAST_SITE: this.site, HOLDFAST_APP: name, COMPOSE_PROJECT_NAME: name };
  }

  withDotenv(dotenv: ReadonlyMap<string, string>): Values {
    return new Values(this.app, this.site, this.options, dotenv);
  }

  /** The same for an included file, whose own environment files give what is not known without them. */
  withIncluded(dotenv: ReadonlyMap<string, string>): Values {
    const inner = this.withDotenv(new Map([...dotenv, ...this.dotenv]));
    inner.builtIn = this.builtIn;
    return inner;
  }

  /** Built-ins, the site's own, Git's, the environment, `.env`; then the placeholder of what only a site knows. */
  readonly lookup: Lookup = (name) =>
    this.ofSite(name) ?? this.dotenv.get(name) ?? (this.isPlaceholder(name) ? this.placeholder(name) : undefined);

  /** The folder that `~` means: HOME of the site, as Docker Compose takes it from its environment and not from `.env`. */
  get home(): string | undefined {
    const isOfSites = this.options.placeholders === true && this.isSiteValue('HOME');
    return this.ofSite('HOME') ?? (isOfSites ? this.placeholder('HOME') : undefined);
  }

  private placeholder(name: string): string {
    this.options.onPlaceholder?.(name);
    return `{{${name}}}`;
  }

  private ofSite(name: string): string | undefined {
    const { localValues, environment, onOutside } = this.options;
    for (const source of [this.builtIn, localValues, this.app.values, environment]) {
      if (!source || !Object.hasOwn(source, name)) continue;
      const value = source[name];
      if (value !== undefined && (source === localValues || source === environment)) onOutside?.(name, value);
      return value;
    }
    return undefined;
  }

  /** Whether `lookup` gives a placeholder for it. */
  isPlaceholder(name: string): boolean {
    return this.options.placeholders === true && this.isSiteValue(name) && !this.isKnown(name);
  }

  /** Whether it is one of those that Git leaves to the sites. */
  isSiteValue(name: string): boolean {
    return this.app.siteValues.includes(name);
  }

  /** What to do about a name that Git leaves to the sites and that has no value; undefined for all others. */
  readonly required = (name: string): string | undefined => (this.isSiteValue(name) ? this.hint(name) : undefined);

  /** What to do about a variable without a value. */
  hint(name: string): string {
    if (this.isSiteValue(name)) {
      return 'every site gives it a value of its own: set it under values in the sites/NAME.yaml of the site, or in the file of --values there';
    }
    if (!this.app.nameIsFixed)
      return `give it a value in .env or in the file of --values, or a default as in \${${name}:-default}`;
    return `give it a value in fleet.yaml, the Site, .env or the file of --values, or a default as in \${${name}:-default}`;
  }

  private isKnown(name: string): boolean {
    const { localValues, environment } = this.options;
    const sources = [this.builtIn, localValues, this.app.values, environment];
    return sources.some((source) => source && Object.hasOwn(source, name)) || this.dotenv.has(name);
  }
}
