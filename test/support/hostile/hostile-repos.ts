/** A config repo that asks for far more than its size, and what has to come of it. */
export interface HostileRepo {
  /** The text of each file, by path. */
  files: Record<string, string>;
  /** The app's problem; absent where it has none. */
  says?: string;
}

const fill = (piece: string, size: number): string => piece.repeat(Math.floor(size / piece.length));
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');
const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(', ');
const files = (count: number, file: (index: number) => [path: string, text: string]): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => file(index)));
const services = (count: number, keys: (index: number) => string): string =>
  `services:\n${lines(count, (i) => `  s${i}: {image: x, ${keys(i)}}`)}`;
const compose = (text: string, says?: string, more: Record<string, string> = {}): HostileRepo => ({
  files: { 'compose.yaml': text, ...more },
  ...(says !== undefined && { says }),
});

const PLAIN = 'services: {s: {image: x}}\n';
/** As large as a YAML file may be. */
const LARGEST = 500_000;
const NODES = 'with all aliases expanded, the file has over 50000 nodes';
const ALL_NODES = 'with everything that it extends and includes, the app has over 200000 nodes';
const CONTAINERS = 'with this the app has more than 2000 containers';
const PORTS = 'with this the app has more than 20000 ports';
const CONNECTIONS =
  'with this the app has more than 50000 pairs of containers where one waits for the other or is linked to it';
const SETTINGS = 'with this the app has more than 16 MB of container settings, counting every replica';

export const HOSTILE_REPOS: Record<string, HostileRepo> = {
  replicas: compose(
    services(200, () => 'scale: 1000'),
    `4:18: ${CONTAINERS}`,
  ),
  'replicas of deploy': compose('services: {s: {image: x, deploy: {replicas: 1000000000}}}', `1:26: ${CONTAINERS}`),
  'a chain of extends': compose(
    `services:\n  s0: {image: x}\n${lines(3000, (i) => `  s${i + 1}: {extends: s${i}}`)}`,
    `2002:3: ${CONTAINERS}`,
  ),
  'exposed ports': compose(
    services(300, () => 'expose: ["1-19999"]'),
    `3:27: ${PORTS}`,
  ),
  'published ports': compose(
    services(300, () => 'ports: ["1-199", "1-19999"]'),
    `2:35: ${PORTS}`,
  ),
  'ports of replicas': compose('services: {s: {image: x, scale: 1000, ports: ["1-999"]}}', `1:12: ${SETTINGS}`),
  'exposed ports of some replicas': compose(
    'services: {s: {image: x, scale: 4, expose: ["1-9999"]}}',
    'with this the app has more than 20000 container ports, counting every replica',
  ),
  'text of replicas': compose(
    `services: {s: {image: x, scale: 1000, command: "${fill('x', 200_000)}"}}`,
    `1:12: ${SETTINGS}`,
  ),
  'aliases of replicas': compose(
    `services: {s: {image: x, scale: 1000, networks: {n: {aliases: [${list(5000, (i) => `a${i}`)}]}}}}\nnetworks: {n: }`,
    SETTINGS,
  ),
  'networks of replicas': compose(
    `services: {s: {image: x, scale: 1000, networks: [${list(1000, (i) => `n${i}`)}]}}\nnetworks:\n${lines(1000, (i) => `  n${i}:`)}`,
    SETTINGS,
  ),
  'links of replicas': compose(
    `services:\n  a: {image: x, scale: 1000}\n  b: {image: x, scale: 900, links: [${list(50, (i) => `"a:x${i}"`)}]}\n`,
    `3:3: ${CONNECTIONS}`,
  ),
  'replicas that wait for replicas': compose(
    'services: {a: {image: x, scale: 900}, b: {image: x, scale: 900, depends_on: [a]}}',
    CONNECTIONS,
  ),
  'settings that services share': compose(
    `x-a: &a {${list(1500, (i) => `k${i}: ${fill('v', 250)}`)}}\nservices:\n${lines(60, (i) => `  s${i}: {image: x, environment: *a}`)}`,
    NODES,
  ),
  'secrets that services share': compose(
    `${services(200, () => 'secrets: [s]')}secrets: {s: {content: "${fill('x', 400_000)}"}}`,
    SETTINGS,
  ),
  'merge keys': compose(
    `x-a: &a {${list(3000, (i) => `k${i}: 1`)}}\nservices:\n${lines(30, (i) => `  s${i}: {image: x, environment: {<<: *a, A: ${i}}}`)}`,
    NODES,
  ),
  'many items': compose(`x-a: [${fill('1,', LARGEST)}]`, NODES),
  'many mappings': compose(`x-a: [${fill('{},', LARGEST)}]`, NODES),
  'many dashes': compose(`x-a:\n${fill('-\n', LARGEST)}`, NODES),
  'anchors and aliases': compose(
    `a: &a [x]\n${lines(60, (i) => `a${i}: &a${i} [${`*a${i === 0 ? '' : i - 1},`.repeat(9)}]`)}`,
    NODES,
  ),
  'as many nodes as there may be': compose(`x-a: [${'1,'.repeat(49_000)}]\n${PLAIN}`),
  'files of as many nodes': compose(
    `include: [${list(60, (i) => `f${i}.yaml`)}]\n${PLAIN}`,
    `f4.yaml:1:1: ${ALL_NODES}`,
    {
      ...files(60, (i) => [`f${i}.yaml`, `x-${i}: [${'1,'.repeat(49_000)}]\nservices: {t${i}: {image: x}}\n`]),
    },
  ),
  'files that are large together': compose(
    `include: [${list(60, (i) => `f${i}.yaml`)}]\n${PLAIN}`,
    'the Compose files of the app are larger than 2 MB',
    files(60, (i) => [`f${i}.yaml`, `services: {t${i}: {image: x}} # ${fill('#', 200_000)}\n`]),
  ),
  'brackets that have to be read again and again': compose(
    `services: {s: {image: x, command: [\n${fill('x,\n', 400_000)}]}}`,
    'this is not valid YAML: deficient indentation',
  ),
  'services that extend a large one': compose(
    `services:\n  base:\n    image: x\n    environment:\n${lines(9_000, (i) => `      - V${i}=1`)}${lines(1000, (i) => `  s${i}: {extends: base, environment: [A=1]}`)}`,
    ALL_NODES,
  ),
  'defaults within defaults': compose(`services: {s: {image: x, command: "${'${A:-'.repeat(45)}x${'}'.repeat(45)}"}}`),
  'a long value in many places': compose(
    `services:\n${lines(100, (i) => `  s${i}: {image: x, environment: [A=$B, C=${i}]}`)}`,
    ALL_NODES,
    { '.env': `B=${fill('x', 900_000)}\n` },
  ),
  'a .env whose values double': compose(PLAIN, '.env:19:1: the value of A18 cannot be read', {
    '.env': `A0=xxxxxxxx\n${lines(60, (i) => `A${i + 1}=$A${i}$A${i}`)}`,
  }),
  'a .env of names': compose(PLAIN, undefined, { '.env': lines(110_000, (i) => `A${i}=1`) }),
  'a .env of blanks': compose(PLAIN, undefined, {
    '.env': `A=1${fill(' ', 80_000)}\n${fill(' ', 80_000)}B=2\nC${fill(' ', 80_000)}= 1\n`.repeat(4),
  }),
  'a .env of 2 MB': compose(PLAIN, '.env is larger than 1 MB, the limit for such a file', {
    '.env': fill('#\n', 2_000_000),
  }),
  'a large env_file in many services': compose(
    services(100, () => 'env_file: [e.env]'),
    SETTINGS,
    { 'e.env': lines(20_000, (i) => `VARIABLE_${i}=value of ${i} and more of it`) },
  ),
  'an env_file of remarks in many services': compose(
    services(100, () => 'env_file: [e.env]'),
    'the env and label files of the app are larger than 32 MB; a file counts each time it is named',
    { 'e.env': fill('#\n', 1_000_000) },
  ),
  'large label files': compose(
    services(100, () => 'label_file: [e.labels]'),
    SETTINGS,
    { 'e.labels': lines(20_000, (i) => `label.${i}=value of ${i} and more of it`) },
  ),
  'one large file in many services': compose(
    `${services(100, (i) => `configs: [{source: c, target: /c${i}}]`)}configs: {c: {file: ./big.conf}}\n`,
    undefined,
    { 'big.conf': fill('x', 9_000_000) },
  ),
  'many large files': compose(
    'services: {s: {image: x, volumes: [./data:/data]}}',
    'the files of Git that the app binds are larger than 32 MB',
    files(30, (i) => [`data/f${i}`, fill('x', 9_000_000)]),
  ),
  'names that nothing declares': compose(
    services(1200, (i) => `depends_on: [${list(12, (j) => `nothing-${i}-${j}`)}]`),
    'there is no service nothing-0-0',
  ),
  'keys that only give warnings': compose(services(1900, () => 'develop: {}, deploy: {labels: {a: b}}')),
  'a site of many apps': {
    files: {
      'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\n',
      'sites/a.yaml': 'apiVersion: holdfast/v1\nkind: Site\n',
      ...files(12, (i) => [`apps/a${i}/app.yaml`, 'apiVersion: holdfast/v1\nkind: Application\n']),
      ...files(12, (i) => [`apps/a${i}/compose.yaml`, `services: {s: {image: x, scale: ${i === 7 ? 3 : 1900 + i}}}\n`]),
    },
    says: 'the apps of the site together have more than 4000 containers, and this one is the largest',
  },
};
