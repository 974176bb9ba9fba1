import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDesired } from '../../src/cli/repo/desired.ts';
import type { Bench } from './bench.ts';
import { inTurns, timeCommand, timed } from './measure.ts';
import { ms, type Row } from './report.ts';

const SERVICES = 200;

/** Loading and compiling a file of 200 services: by the program beside `docker compose config`, and in a process that has done so before. */
export async function measureLoad(bench: Bench): Promise<Row[]> {
  const folder = join(bench.dir, 'load');
  const file = join(folder, 'compose.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(file, largeFile(bench.name));
  await writeFile(join(folder, 'base.yaml'), BASE);
  const { peer, signal } = bench;
  const render = [...bench.holdfast, 'render', '--format', 'compose', folder] as const;
  const options = { env: false, filesDir: folder };
  const { program, compile, config } = await inTurns(bench.isQuick ? 5 : 15, {
    program: () => timeCommand(render, { signal }),
    compile: () => timed(() => readDesired(folder, options, { placeholders: true })),
    config: () =>
      peer ? timeCommand([peer, '-f', file, 'config', '--format', 'json'], { signal }) : Promise.resolve(0),
  });
  return [
    {
      what: `\`render --format compose\`, ${SERVICES} services; \`docker compose config\``,
      holdfast: ms(program.median),
      beside: peer ? ms(config.median) : '',
      ...(peer && { ratio: program.median / config.median }),
    },
    { what: `loading and compiling them in a running agent`, holdfast: ms(compile.median), beside: '' },
  ];
}

const BASE = `services:
  base:
    image: holdfast-test/busybox:1
    restart: unless-stopped
    logging: {driver: json-file, options: {max-size: 10m}}
    healthcheck: {test: [CMD, "true"], interval: 30s}
`;

/** A service of each kind: a short one, one with most of what people write, one that extends a service of another file. */
function largeFile(name: string): string {
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const port = 10_000 + index;
    if (index % 3 === 0) return `  s${index}: {image: "busybox:\${TAG:-1}", command: sleep ${index}}\n`;
    if (index % 3 === 1)
      return `  s${index}:\n    extends: {file: base.yaml, service: base}\n    environment: [INDEX=${index}]\n`;
    return `  s${index}:
    image: busybox
    depends_on: {s${index - 1}: {condition: service_healthy}}
    environment: {LOG_LEVEL: "\${LEVEL:-info}", INDEX: "${index}", ZONE: edge}
    ports: ["127.0.0.1:${port}:80", "${port + SERVICES}:443/udp"]
    volumes: ["data:/data/${index}", "/var/log/app:/log:ro"]
    labels: {org.example.tier: edge, org.example.index: "${index}"}
    deploy: {resources: {limits: {memory: 64m, cpus: "0.5"}}}
`;
  });
  return `name: ${name}\nservices:\n${services.join('')}volumes: {data: }\n`;
}
