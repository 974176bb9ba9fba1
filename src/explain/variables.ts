import type { Origin, OriginsOf } from '../compose/load/trace.ts';
import { placeIn } from '../compose/load/values/place-in.ts';
import { substitute, TemplateError } from '../compose/load/values/template.ts';
import { own } from '../lib/maps/own.ts';
import { looksSecret } from '../lib/text/looks-secret.ts';
import type { FleetDocument, SiteDocument } from '../model/fleet.ts';
import type { ExplainedVariable, VariableValue } from './explanation.ts';
import { type Origins, writtenIn } from './record-origins.ts';

/** The variables of a text in a file. */
export interface Explained {
  variables: ExplainedVariable[];
  /** True if a value that is not from Git is in the text. */
  isOutside: boolean;
}

/** True for a variable whose value may be a password or a key, whatever it is. */
export const mayBeSecretNamed = (name: string): boolean => looksSecret(name, 'x');

type Told = VariableValue & { isOutside?: boolean };

export type ExplainText = (raw: string, file: string) => Explained;

interface Surroundings {
  origins: Origins;
  documents: { fleet: FleetDocument; site: SiteDocument } | undefined;
  /** Names whose values only the site knows. */
  siteValues: readonly string[];
  /** A file whose variables are those of the app, for texts that are in no Compose file. */
  mainFile: string;
}

/** Explains the variables of texts. */
export function explainTexts({ origins, documents, siteValues, mainFile }: Surroundings): ExplainText {
  const originsIn = (file: string): OriginsOf => origins.originsIn(file) ?? origins.originsIn(mainFile) ?? (() => []);

  const told = (name: string, origin: Origin, file: string): Told[] => {
    const { value } = origin;
    const shown = value.secret ? { encrypted: true as const } : { value: value.text };
    switch (origin.source) {
      case 'builtIn':
        return [{ from: 'built in', value: value.text }];
      case 'local':
        return [{ from: "the site's own --values", isOutside: true }];
      case 'environment':
        return [{ from: 'environment of this process', isOutside: true }];
      case 'Site':
      case 'Fleet': {
        const document = origin.source === 'Site' ? documents?.site : documents?.fleet;
        const text = own(document?.values, name);
        return text === undefined ? [] : [{ from: origin.source, value: text, at: own(document?.valuesAt, name) }];
      }
      case 'valuesFrom':
        return [{ from: `valuesFrom of the ${origin.of}`, at: placeIn(origin.file, name), ...shown }];
      case 'dotenv': {
        const read = origins.dotenvWith(name, value.text);
        const written = read && writtenIn(read, name);
        const isOutside = written !== undefined && !written.raw.startsWith("'") && usesOutside(written.raw, file, name);
        return [{ from: '.env', at: written?.at, ...(isOutside ? { isOutside } : shown) }];
      }
    }
  };

  const valuesOf = (name: string, file: string): Told[] =>
    originsIn(file)(name).flatMap((origin) => told(name, origin, file));

  /** True if the text of a `.env` takes in a value that is not from Git. It may name itself, as `PATH=${PATH}:/more`. */
  const usesOutside = (raw: string, file: string, self: string): boolean =>
    namesIn(raw, originsIn(file)).some((name) =>
      originsIn(file)(name).some(
        (origin) =>
          origin.source === 'local' ||
          origin.source === 'environment' ||
          (origin.source === 'dotenv' && name !== self && told(name, origin, file).some(({ isOutside }) => isOutside)),
      ),
    );

  return (raw, file) => {
    let isOutside = false;
    const variables = namesIn(raw, originsIn(file)).map((name): ExplainedVariable => {
      const [first, ...lost] = valuesOf(name, file).map(({ isOutside: outside, ...value }, index) => {
        if (outside && index === 0) isOutside = true;
        return value.value !== undefined && looksSecret(name, value.value) ? { ...value, value: undefined } : value;
      });
      if (!first && siteValues.includes(name)) return { name, is: { from: 'known only on the site' }, lost };
      return { name, is: first, lost };
    });
    return { variables, isOutside };
  };
}

/** The variables that a text asks for: those of a default only if the default counts. */
function namesIn(raw: string, origins: OriginsOf): string[] {
  const names = new Set<string>();
  try {
    substitute(raw, (name) => {
      names.add(name);
      return origins(name)[0]?.value;
    });
  } catch (error) {
    // A variable without a value is a problem of the app, and it is told as one.
    if (!(error instanceof TemplateError)) throw error;
  }
  return [...names];
}
