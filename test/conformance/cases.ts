/** One project that both Docker Compose and Holdfast read. `files` lie beside it; of several Compose files the later override. */
export interface Case {
  name: string;
  compose: string;
  override?: string;
  files?: Record<string, string>;
}

const service = (...keys: string[]) =>
  `services:\n  s:\n    image: busybox\n${keys.map((key) => `    ${key}\n`).join('')}`;

/** What both accept and must understand alike. */
export const CASES: Case[] = [
  {
    name: 'scalars of every kind as values of variables',
    compose: service(
      'environment:',
      ...[
        [
          '0440',
          '0o17',
          '0b11',
          '-0b11',
          '0x1F',
          '1_000',
          '+12',
          '08',
          '1.50',
          '.5',
          '1e3',
          '1e21',
          '1e-7',
          '.inf',
          '-.inf',
        ],
        [
          '12345678901234567890',
          '99999999999999999999',
          '0.00001',
          '100000000000000000000.0',
          '1_0.5',
          '-0',
          '-0.0',
          '0.1',
        ],
        [
          '~',
          'null',
          '',
          'True',
          'FALSE',
          'yes',
          'no',
          'on',
          'off',
          'y',
          'n',
          '12:30',
          '1:2:3',
          '1.2.3',
          '0x',
          '12abc',
          '._5',
        ],
        [
          '"12"',
          "'true'",
          '!!str 12',
          '"a\\nb"',
          '"a=b"',
          '!!int "12"',
          '1__0',
          '0b',
          '0o8',
          '09.5',
          '+.5',
          '1.',
          '+1e3',
        ],
      ]
        .flat()
        .map((value, index) => `  V${index}: ${value}`),
    ),
  },
  {
    name: 'variables as a list',
    compose: service('environment: ["A=1", "B", "C=", "A=2", "D=a=b", "E= x ", "F=1.50"]'),
  },
  {
    name: 'interpolation in all its forms',
    compose: service(
      'environment:',
      ...[
        '$SET',
        '${SET}',
        '${SET:-d}',
        '${EMPTY:-d}',
        '${EMPTY-d}',
        '${NONE:-d}',
        '${NONE-d}',
        '${SET:+a}',
        '${EMPTY:+a}',
        '${EMPTY+a}',
        '${NONE:+a}',
        '${NONE+a}',
        '${SET:?e}',
        '${EMPTY?e}',
        '${NONE:-${SET}}',
        '${NONE:-a${SET:-b}c}',
        '${NONE:-${NONE2:-deep}}',
        '$$SET',
        '$${SET}',
        '$',
        'a$',
        '$1',
        '$ x',
        '$$$SET',
        '$SET$SET',
        '${SET}-${SET}',
        '${NONE:-a} ${NONE:-b}',
        '${NONE:-{}}',
        '${NONE:-{"a":"b"}}',
        '${NONE:-a:-b}',
        '${NONE-a:-b}',
        '${SET:+x} } {',
        '${set:-lower}',
        '$SET.x',
        '$SET-x',
        '${NONE:-$$x}',
      ].map((value, index) => `  V${index}: '${value}'`),
    ),
    files: { '.env': 'SET=value\nEMPTY=\n' },
  },
  {
    name: 'the grammar of .env',
    compose: service('env_file: vars.env'),
    files: {
      'vars.env': [
        '# comment',
        'A="x\\ny"',
        "B='a\\'b\\n$A'",
        'C="q\\"z \\$A $A"',
        'D=val # comment',
        'E=val#c',
        'F: yaml',
        'export G=1',
        'H="a" # c',
        'I=$A-${B}',
        'J="p\\\\n"',
        'L="\\0101"',
        '  M = spaced  ',
        'N=',
        'O=a=b',
        "P='multi\nline'",
        'Q="t\\tt"',
        'R.S-T=1',
      ].join('\n'),
    },
  },
  {
    name: 'files of variables lose to variables, later files win',
    compose: service(
      'env_file: [one.env, {path: two.env}, {path: none.env, required: false}, {path: raw.env, format: raw}]',
      'environment: {B: mine, D: }',
    ),
    files: {
      'one.env': 'A=1\nB=1\nC=1\n',
      'two.env': 'A=2\nE=${A}-${B}\n',
      'raw.env': 'R="q" $x # y\n',
      '.env': 'D=dot\n',
    },
  },
  {
    name: 'commands as strings',
    compose: service(`command: echo "a b" 'c d' e\\ f "" 'x"y'`, 'entrypoint: /bin/sh -c'),
  },
  { name: 'commands as lists', compose: service('command: ["sh", "-c", "a && b | c"]', 'entrypoint: []') },
  { name: 'empty commands', compose: service('command: ""', 'entrypoint: ""') },
  { name: 'a folded command', compose: service('command: >\n      --a=1\n      --b="2 3"\n\n      --c') },
  {
    name: 'ports, short',
    compose: service(
      'ports:',
      ...['80', '"81"', '8080:80', '"127.0.0.1:8081:81"', '"9000-9002:9000-9002"', '"3000-3002"', '"[::1]:82:82"'].map(
        (p) => `- ${p}`,
      ),
      ...['"53:53/udp"', '"127.0.0.1::83"', '"9090-9099:84"', '"5000-5001:6000-6001/udp"', '22:22', '"0:85"'].map(
        (p) => `- ${p}`,
      ),
      ...['"8080:80"', '"0.0.0.0:8080:80"', '"7000:7000/sctp"', '"088:89"'].map((p) => `- ${p}`),
    ),
  },
  {
    name: 'ports, long',
    compose: service(
      'ports:',
      '- {target: 80, published: "8080", protocol: udp, host_ip: 127.0.0.1, mode: host}',
      '- {target: "81"}',
      '- {target: 82, published: 8082, name: web, app_protocol: http}',
      '- {target: 83, published: "8100-8110"}',
    ),
  },
  {
    name: 'mounts, short',
    compose: `${service(
      'volumes:',
      ...[
        './a:/a',
        './b/:/b/:ro',
        'data:/data',
        'data:/data2:ro,z',
        '/abs/:/abs',
        '/anon',
        '.:/all',
        './c:/c:rslave',
      ].map((v) => `- ${v}`),
      ...['data:/n:nocopy', './d/../e:/e', './a:/a:ro'].map((v) => `- ${v}`),
    )}volumes: {data: }\n`,
  },
  {
    name: 'mounts, long',
    compose: `${service(
      'volumes:',
      '- {type: bind, source: ./a, target: /a, read_only: true}',
      '- {type: bind, source: a, target: /b, bind: {create_host_path: false}}',
      '- {type: bind, source: ./a, target: /c, bind: {create_host_path: true}}',
      '- {type: bind, source: ./a, target: /d, bind: {propagation: rshared}}',
      '- {type: volume, source: data, target: /e, volume: {nocopy: true}}',
      '- {type: volume, source: data, target: /f, volume: {subpath: x/y}}',
      '- {type: volume, target: /g}',
      '- {type: tmpfs, target: /h, tmpfs: {size: 1m, mode: 01777}}',
      '- {type: tmpfs, target: /i/}',
    )}volumes: {data: {name: other}}\n`,
  },
  {
    name: 'healthchecks',
    compose:
      'services:\n' +
      [
        '{test: curl -f http://localhost || exit 1, interval: 1m30s, timeout: 10s, retries: 3}',
        '{test: [CMD, curl, x], start_period: 1h, start_interval: 500ms}',
        '{disable: true}',
        '{test: [NONE]}',
        '{interval: 1.5m, timeout: 1d, retries: "5"}',
      ]
        .map((check, index) => `  s${index}: {image: x, healthcheck: ${check}}\n`)
        .join(''),
  },
  {
    name: 'sizes and shares',
    compose:
      'services:\n' +
      ['1.5g', '64m', '64M', '1024', '10kb', '1 GB', '1gib', '100b', '0.5g']
        .map((size, index) => `  s${index}: {image: x, mem_limit: ${size}, shm_size: ${size}, cpus: 0.${index + 1}}\n`)
        .join(''),
  },
  {
    name: 'names of networks and volumes',
    compose: `name: My_Project-1
services:
  a: {image: x, networks: [default, back, out], volumes: ["vol:/v", "www:/w", "ext:/e"]}
  b: {image: x, container_name: bee}
networks:
  back: {driver: bridge, internal: true, labels: [a=b]}
  out: {external: true, name: outside}
volumes: {vol: , www: {name: custom}, ext: {external: true}}
`,
  },
  {
    name: 'places on networks',
    compose: `${service(
      'networks:',
      '  a: {aliases: [x, y], ipv4_address: 10.9.0.5, priority: 10}',
      '  b: ',
      '  c: {mac_address: "02:42:ac:11:00:02", link_local_ips: [169.254.1.1], driver_opts: {o: 1}}',
    )}networks:\n  a: {ipam: {config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.1}]}}\n  b:\n  c:\n`,
  },
  {
    name: 'dependencies',
    compose: `services:
  a: {image: x, depends_on: [b, c]}
  b: {image: x, depends_on: {c: {condition: service_healthy, restart: true}, d: {condition: service_started, required: false}}}
  c: {image: x, healthcheck: {test: x}, network_mode: "service:e"}
  d: {image: x, profiles: [off]}
  e: {image: x}
`,
  },
  {
    name: 'what goes to the host nearly as written',
    compose: service(
      'extra_hosts: ["a=1.2.3.4", "b:::1", "c=[::1]", "a:9.9.9.9"]',
      'ulimits: {nofile: 10, nproc: {soft: 1, hard: 2}}',
      'tmpfs: [/run:size=64m, /tmp]',
      'sysctls: [net.core.somaxconn=1024]',
      'cap_add: [NET_ADMIN]',
      'cap_drop: [ALL]',
      'dns: 1.1.1.1',
      'labels: {a: 1, b: , c: "x"}',
      'privileged: "yes"',
      'read_only: on',
      'restart: on-failure:3',
      'stop_grace_period: 1m30.7s',
      'user: "1000:1000"',
      'init: true',
      'devices: ["/dev/null", "/dev/zero:/dev/zed", "/dev/full:/dev/f:r"]',
      'logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}',
      'hostname: h',
      'working_dir: /w',
      'stop_signal: SIGINT',
      'security_opt: ["no-new-privileges:true"]',
    ),
  },
  {
    name: 'restart policies of YAML',
    compose:
      'services:\n  a: {image: x, restart: no}\n  b: {image: x, restart: "always"}\n  c: {image: x, restart: unless-stopped}\n',
  },
  {
    name: 'anchors and merge keys',
    compose: `x-base: &base
  image: busybox
  environment: &env {A: 1, B: 2}
services:
  s:
    <<: *base
    command: [a]
  t:
    <<: [*base]
    environment: {<<: *env, B: 3}
`,
  },
  {
    name: 'an override of everything that merges in its own way',
    compose: `services:
  s:
    image: a
    command: [x, y]
    entrypoint: [e]
    environment: {A: 1, B: 2}
    labels: [l=1, m=2]
    ports: ["80:80", "81:81"]
    volumes: ["./a:/a", "vol:/v"]
    dns: 1.1.1.1
    tmpfs: [/run]
    extra_hosts: ["h=1.1.1.1"]
    healthcheck: {test: [CMD, x], interval: 5s}
    ulimits: {nofile: {soft: 1, hard: 2}}
    depends_on: [t]
    networks: [one]
    logging: {driver: json-file, options: {max-size: 10m}}
    cap_add: [A, B]
    deploy: {resources: {limits: {memory: 1g}}}
  t: {image: b, healthcheck: {test: x}}
volumes: {vol: }
networks: {one: , two: }
`,
    override: `services:
  s:
    image: c
    command: z
    environment: ["B=3", "C=4"]
    labels: {m: 3, n: 4}
    ports: ["80:80", "82:82"]
    volumes: ["./b:/a:ro", "www:/w"]
    dns: [8.8.8.8]
    tmpfs: /tmp
    extra_hosts: {i: 2.2.2.2}
    healthcheck: {test: y, retries: 3}
    ulimits: {nofile: 5}
    depends_on: {t: {condition: service_healthy}}
    networks: {two: {aliases: [x]}}
    logging: {driver: local, options: {max-file: 2}}
    cap_add: [B, C]
    deploy: {resources: {limits: {cpus: "0.5"}}}
    privileged: true
volumes: {www: {name: ww}}
`,
  },
  {
    name: 'reset and override tags',
    compose: service('ports: ["80:80"]', 'environment: {A: 1, B: 2}', 'command: [x]', 'volumes: ["./a:/a"]'),
    override: `services:
  s:
    ports: !override ["81:81"]
    environment: {A: !reset null}
    command: !reset null
    volumes: !reset []
`,
  },
  {
    name: 'an override that says nothing keeps what was',
    compose: service('ports: ["80:80"]', 'hostname: h', 'environment: {A: 1}'),
    override: 'services:\n  s:\n    hostname:\n',
  },
  {
    name: 'configs and secrets of files',
    compose: `${service('configs: [c, {source: c, target: /etc/c}]', 'secrets: [k]')}configs: {c: {file: ./c.txt}}\nsecrets: {k: {file: ./k.txt}}\n`,
    files: { 'c.txt': 'c', 'k.txt': 'k' },
  },
];

/** What both refuse. */
export const REFUSED: Case[] = [
  { name: 'a bad interpolation', compose: service('hostname: ${A:=x}') },
  { name: 'a substring', compose: service('hostname: ${A:0:1}') },
  { name: 'a required variable', compose: service('hostname: ${A:?must be set}') },
  { name: 'an unknown key', compose: service('imgae: x') },
  { name: 'a bare date', compose: service('environment: {A: 2024-01-01}') },
  { name: 'a key that is a number', compose: service('environment: {1: a}') },
  { name: 'a bad port', compose: service('ports: [abc]') },
  { name: 'uneven ranges', compose: service('ports: ["80-82:90-91"]') },
  { name: 'a bad size', compose: service('mem_limit: zzz') },
  { name: 'a bad duration', compose: service('stop_grace_period: 10') },
  { name: 'an undefined network', compose: service('networks: [nope]') },
  { name: 'an undefined volume', compose: service('volumes: ["nope:/x"]') },
  { name: 'an undefined dependency', compose: service('depends_on: [nope]') },
  { name: 'a cycle', compose: 'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}' },
  {
    name: 'a dependency whose profile is off',
    compose: 'services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}',
  },
  { name: 'networks beside network_mode', compose: service('network_mode: host', 'networks: [default]') },
  { name: 'a number in a command', compose: service('command: [a, 1]') },
  { name: 'an empty list key', compose: service('ports:') },
  { name: 'two mounts at one place', compose: service('tmpfs: /a', 'volumes: ["/b:/a"]') },
  { name: 'a duplicate key', compose: service('user: a', 'user: b') },
  {
    name: 'a dependency without a condition',
    compose: 'services: {a: {image: x, depends_on: {b: {}}}, b: {image: x}}',
  },
  { name: 'no image', compose: 'services: {a: {command: x}}' },
  { name: 'rivals in deploy', compose: service('mem_limit: 1g', 'deploy: {resources: {limits: {memory: 2g}}}') },
  { name: 'a missing env_file', compose: service('env_file: none.env') },
  { name: 'an IPv6 address without brackets', compose: service('ports: ["::1:80:80"]') },
  { name: 'an unclosed quote', compose: service(`command: echo "a`) },
  { name: 'no services but a list', compose: 'services: [a]' },
];
