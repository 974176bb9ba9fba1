import { type Kind, SCHEMAS } from '../fleet/schema/schemas.ts';
import { VERSION } from '../lib/version.ts';

/** The texts of a new fleet. */
export interface Wanted {
  /** The fleet's name. */
  name: string;
  /** The name of the first site. */
  site: string;
  ci: 'github' | 'gitlab' | 'none';
}

/** The kinds of documents that a new config repo holds, or that its sites copy from it. */
const KINDS: readonly Kind[] = ['Fleet', 'Site', 'Application', 'Trust', 'Policy'];
const SCHEMA_FOLDER = '.schemas';

const schemaPath = (kind: Kind): string => `${SCHEMA_FOLDER}/${kind.toLowerCase()}.schema.json`;

/** Tells editors the schema of a document. `depth` is the number of folders that the document is in. */
export const schemaLine = (kind: Kind, depth: number): string =>
  `# yaml-language-server: $schema=${'../'.repeat(depth)}${schemaPath(kind)}`;

/** The files by path, in the order in which a person reads them. */
export function scaffoldFiles({ name, site, ci }: Wanted): Record<string, string> {
  return {
    'README.md': readme(name, site),
    'fleet.yaml': `${schemaLine('Fleet', 0)}
apiVersion: holdfast/v1
kind: Fleet
metadata:
  name: ${JSON.stringify(name)}
spec:
  # No agent of the fleet is older: \`holdfast validate\` refuses keys that it would not know.
  oldestAgent: ${VERSION}
  # Values for every site. The Compose files use them as \${TZ}; a Site may have its own.
  values:
    TZ: Etc/UTC
  # Follow every commit, remove what it no longer names, and undo what is changed by hand.
  # Without this, a site only reports how it differs from Git.
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
`,
    [`sites/${site}.yaml`]: `${schemaLine('Site', site.split('/').length)}
apiVersion: holdfast/v1
kind: Site
metadata:
  labels:
    # Applications choose their sites by labels.
    ring: canary
spec:
  values:
    GREETING: Hello from ${site}
`,
    'apps/hello/app.yaml': `${schemaLine('Application', 2)}
apiVersion: holdfast/v1
kind: Application
spec:
  # The sites that run it. Without a placement, every site does.
  placement:
    matchLabels:
      ring: canary
`,
    'apps/hello/compose.yaml': `services:
  web:
    image: nginx:1.27-alpine
    restart: unless-stopped
    init: true
    environment:
      TZ: \${TZ}
      GREETING: \${GREETING:-Hello}
    ports:
      - "8080:80"
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]
      interval: 30s
    stop_grace_period: 10s
    mem_limit: 128m
    pids_limit: 100
    logging:
      driver: json-file
      options:
        max-size: 10m
        max-file: "3"
  # A job that runs once before each change of the app. The profile is for \`docker compose up\`, which leaves it out.
  # migrate:
  #   image: nginx:1.27-alpine
  #   command: ["echo", "migrated"]
  #   profiles: [hooks]
  #   x-holdfast: { hook: PreSync }
`,
    'policy.yaml': `${schemaLine('Policy', 0)}
# Everything that apps may ask of a machine. An agent obeys the copy on its own site, which Git cannot change:
#     cp policy.yaml /etc/holdfast/policy.yaml, and \`policy: /etc/holdfast/policy.yaml\` in its settings
apiVersion: holdfast/v1
kind: Policy
spec:
  # Ordinary Compose files run, and no commit takes over the machine. Others are strict and lab.
  profile: standard
`,
    ...ciFiles(ci),
    '.vscode/settings.json': json({
      'yaml.schemas': {
        [`./${schemaPath('Fleet')}`]: 'fleet.yaml',
        [`./${schemaPath('Site')}`]: 'sites/**/*.yaml',
        [`./${schemaPath('Application')}`]: 'apps/*/app.yaml',
        [`./${schemaPath('Trust')}`]: 'trust.yaml',
        [`./${schemaPath('Policy')}`]: 'policy.yaml',
      },
    }),
    '.vscode/extensions.json': json({ recommendations: ['redhat.vscode-yaml'] }),
    ...Object.fromEntries(KINDS.map((kind) => [schemaPath(kind), json(SCHEMAS[kind])])),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const readme = (name: string, site: string): string => `# ${name}

The config repo of a fleet: Holdfast keeps the containers of its sites as these files say.

| path | holds |
| --- | --- |
| \`fleet.yaml\` | settings and values for all sites |
| \`sites/${site}.yaml\` | the site \`${site}\`: its labels and values |
| \`apps/hello/\` | the app \`hello\`: where it runs (\`app.yaml\`), and its containers (\`compose.yaml\`) |
| \`policy.yaml\` | everything that apps may ask of a machine, for each site to copy |

    holdfast validate                  # before each commit; CI does the same
    holdfast sites                     # the sites, with their labels and apps
    holdfast explain ${site} hello web     # from where each value is
    holdfast diff --site ${site}       # what would change on this machine's engine
    holdfast diff --fleet --policy policy.yaml     # what a change does to every site, and what a site refuses
`;

const INSTALL = `the address of Holdfast's package (holdfast-VERSION.tgz), where CI can read it`;

function ciFiles(ci: Wanted['ci']): Record<string, string> {
  switch (ci) {
    case 'github':
      return {
        '.github/workflows/holdfast.yaml': `# Needs the variable HOLDFAST_PACKAGE of the repository: ${INSTALL}.
name: holdfast
on: [push, pull_request]
permissions:
  contents: read
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm install --global "$HOLDFAST_PACKAGE"
        env:
          HOLDFAST_PACKAGE: \${{ vars.HOLDFAST_PACKAGE }}
      - run: holdfast validate --advice
`,
      };
    case 'gitlab':
      return {
        '.gitlab-ci.yml': `# Needs the CI/CD variable HOLDFAST_PACKAGE: ${INSTALL}.
validate:
  image: node:24-slim
  script:
    - npm install --global "$HOLDFAST_PACKAGE"
    - holdfast validate --advice
`,
      };
    case 'none':
      return {};
  }
}
