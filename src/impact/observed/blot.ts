import { FIELDS } from '../../container/fields/table.ts';
import { withOwned } from '../../container/ignore.ts';
import { hasSecretWord, looksSecret } from '../../lib/text/looks-secret.ts';
import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { FieldName } from '../../model/spec.ts';
import type { ActualContainer, ActualImage, ActualSite, DesiredContainer, DesiredSite } from '../../model/state.ts';
import { unknownFields } from '../../plan/unknown-values.ts';
import type { Observation, ObservedContainer } from './observation.ts';

interface Blotting {
  /** The site as Git says, with placeholders where only the site knows a value. */
  desired: DesiredSite;
  /** The placeholders as texts have them, such as `{{TOKEN}}`. */
  placeholders: ReadonlySet<string>;
  /** Hides the values of the site that are known here. */
  hide: (text: string) => string;
}

/** Fields whose values people choose, so that any of them may be a secret. All others are numbers, names and paths. */
const FREE_TEXT: ReadonlySet<FieldName> = new Set<FieldName>([
  'Env',
  'Labels',
  'Annotations',
  'LogConfig',
  'StorageOpt',
  'Entrypoint',
  'Cmd',
  'Healthcheck',
]);

/**
 * The observation of a site without values that look secret, that only the site knows, or of which Git does not tell: all free texts of containers that Git
 * does not name.
 */
export function observationOf(site: string, actual: ActualSite, at: string, blotting: Blotting): Observation {
  const { engine, containers, foreignNames, strangersOn, networks, volumes, images } = actual;
  return {
    apiVersion: 'holdfast/v1',
    kind: 'Observation',
    site,
    at,
    engine,
    containers: containers.map((each) => observed(each, blotting)),
    // A name that is held is all that a plan needs.
    foreignNames: Object.fromEntries(Object.keys(foreignNames).map((name) => [name, name])),
    ...(strangersOn && { strangersOn }),
    networks: withoutOptions(networks),
    volumes: withoutOptions(volumes),
    images: Object.fromEntries(Object.entries(images).map(([name, image]) => [name, withoutSecrets(image)])),
  };
}

function observed(container: ActualContainer, blotting: Blotting): ObservedContainer {
  const {
    specHash: _,
    contentDigest: _c,
    hooksDigest: _h,
    healthOutput: _o,
    error: _e,
    agent: _a,
    hidden: _hidden,
    ...rest
  } = container;
  const { spec } = container;
  const notShown = [...new Set([...secretFields(container, blotting), ...siteFields(container, blotting)])].sort();
  return { ...rest, spec: withOwned(spec, { Image: spec.Image }, undefined, notShown), notShown };
}

/** Fields that look secret, or that hold a value of the site that is known here. */
function secretFields({ spec, hidden = [] }: ActualContainer, { hide }: Blotting): string[] {
  const isSecret = (name: string, value: unknown): boolean => {
    const text = Array.isArray(value)
      ? value.join(' ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value ?? '');
    return looksSecret(name, text) || hasSecretWord(text) || hide(text) !== text;
  };
  return FIELDS.flatMap(({ name, label, ownable, holdsSecrets }) => {
    const value = spec[name];
    if (value === undefined) return [];
    const isHidden = (key: string): boolean => holdsSecrets && hidden.includes(key);
    if (ownable !== 'keys') return isSecret(label, value) || hasSecretKey(value) ? [label] : [];
    return Object.entries(value).flatMap(([key, one]) =>
      isHidden(key) || isSecret(key, one) ? [`${label}.${key}`] : [],
    );
  });
}

/** Options by name, such as those of a log driver: one of them looks secret. */
const hasSecretKey = (value: object | string | number | boolean): boolean =>
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.entries(value).some(([key, one]) =>
    typeof one === 'string' ? looksSecret(key, one) : typeof one === 'object' && one !== null && hasSecretKey(one),
  );

/** Fields whose values only the site knows by what Git says; every free text where Git does not name the container. */
function siteFields({ identity }: ActualContainer, { desired, placeholders }: Blotting): string[] {
  const app = desired.apps.find(({ name }) => name === identity.app);
  const service = (app ? servicesAndHooks(app) : []).find(({ name }) => name === identity.service);
  const wanted: DesiredContainer | undefined =
    service?.containers.find(({ number }) => number === identity.number) ?? service?.containers[0];
  if (!service || !wanted) return FIELDS.flatMap(({ name, label }) => (FREE_TEXT.has(name) ? [label] : []));
  return unknownFields(wanted.spec, service.siteKeys ?? [], placeholders);
}

/** Options of a driver may hold a password. */
const withoutOptions = <T extends { spec: { DriverOpts?: Record<string, string> } }>(all: Record<string, T>) =>
  Object.fromEntries(
    Object.entries(all).map(([name, each]) => {
      const spec = { ...each.spec };
      delete spec.DriverOpts;
      return [name, { ...each, spec }];
    }),
  );

function withoutSecrets({ id, config }: ActualImage): ActualImage {
  const shown = (map: Record<string, string>) =>
    Object.fromEntries(Object.entries(map).filter(([key, value]) => !looksSecret(key, value)));
  const { Env, Labels, ...rest } = config;
  return { id, config: { ...rest, ...(Env && { Env: shown(Env) }), ...(Labels && { Labels: shown(Labels) }) } };
}
