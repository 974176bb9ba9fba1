import type { OriginsOf, ValueSource } from '../compose/load/trace.ts';
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

  /** All that Git gives for a name: the Site's value, then the Fleet's. */
  const fromGit = (name: string): VariableValue[] => {
    const { fleet, site } = documents ?? {};
    return [
      { from: 'Site' as const, document: site },
      { from: 'Fleet' as const, document: fleet },
    ].flatMap(({ from, document }) => {
      const value = own(document?.values, name);
      return value === undefined ? [] : [{ from, value, at: own(document?.valuesAt, name) }];
    });
  };

  const told = (
    name: string,
    source: ValueSource,
    value: string,
    file: string,
  ): (VariableValue & { isOutside?: boolean })[] => {
    switch (source) {
      case 'builtIn':
        return [{ from: 'built in', value }];
      case 'local':
        return [{ from: "the site's own --values", isOutside: true }];
      case 'environment':
        return [{ from: 'environment of this process', isOutside: true }];
      case 'git':
        return fromGit(name);
      case 'dotenv': {
        const read = origins.dotenvWith(name, value);
        const written = read && writtenIn(read, name);
        const isOutside = written !== undefined && !written.raw.startsWith("'") && usesOutside(written.raw, file, name);
        return [{ from: '.env', at: written?.at, ...(isOutside ? { isOutside } : { value }) }];
      }
    }
  };

  const valuesOf = (name: string, file: string): (VariableValue & { isOutside?: boolean })[] =>
    originsIn(file)(name).flatMap(({ source, value }) => told(name, source, value, file));

  /** True if the text of a `.env` takes in a value that is not from Git. It may name itself, as `PATH=${PATH}:/more`. */
  const usesOutside = (raw: string, file: string, self: string): boolean =>
    namesIn(raw, originsIn(file)).some((name) =>
      originsIn(file)(name).some(
        ({ source, value }) =>
          source === 'local' ||
          source === 'environment' ||
          (source === 'dotenv' && name !== self && told(name, source, value, file).some(({ isOutside }) => isOutside)),
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
