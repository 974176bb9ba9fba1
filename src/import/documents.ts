/** The content of app.yaml. */
export interface ApplicationText {
  /** Absent where docker compose finds the files by itself. */
  compose?: string[] | undefined;
  profiles: string[];
  adopt: boolean;
  projectDirectory?: string | undefined;
}

/** The text of app.yaml. Values are quoted as in JSON, which YAML reads as well. */
export function applicationText({ compose, profiles, adopt, projectDirectory }: ApplicationText): string {
  const lines = [
    ...(compose ? [`  compose: ${JSON.stringify(compose)}`] : []),
    ...(profiles.length > 0 ? [`  profiles: ${JSON.stringify(profiles)}`] : []),
    ...(adopt ? ['  # The containers that docker compose started are taken over as they are.', '  adopt: true'] : []),
    ...(projectDirectory === undefined ? [] : [`  projectDirectory: ${JSON.stringify(projectDirectory)}`]),
  ];
  return document('Application', lines);
}

/** The text of fleet.yaml for a repo that has none. */
export const fleetText = (name: string, siteValues: string[]): string =>
  document(
    'Fleet',
    [
      ...(siteValues.length > 0
        ? [
            '  # Only the sites know these: in the file of --values, or in their own sites/NAME.yaml.',
            `  siteValues: ${JSON.stringify(siteValues)}`,
          ]
        : []),
      '  # Follow every commit, remove what it no longer names, and undo what is changed by hand.',
      '  syncPolicy:',
      '    automated: { prune: true, selfHeal: true }',
    ],
    name,
  );

/** The text of sites/NAME.yaml for a repo that has none. */
export const siteText = (): string => document('Site', []);

const document = (kind: string, lines: string[], name?: string): string =>
  [
    'apiVersion: holdfast/v1',
    `kind: ${kind}`,
    ...(name === undefined ? [] : [`metadata: { name: ${JSON.stringify(name)} }`]),
    ...(lines.length > 0 ? ['spec:', ...lines] : ['spec: {}']),
    '',
  ].join('\n');
