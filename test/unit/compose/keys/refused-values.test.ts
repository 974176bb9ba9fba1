import { describe, expect, test } from '@jest/globals';
import { serviceProblems } from '../support.ts';

describe('an invalid value is refused at its position', () => {
  test.each([
    ['imgae: x', '4:5: unknown key imgae in a service (did you mean image?)'],
    ['zork: x', '4:5: unknown key zork in a service'],
    ['build: .\npull_policy: daily', '5:18: the pull policy "daily" is not supported (always, missing or never)'],
    ['links: [a]', '4:13: there is no service a (did you mean s?)'],
    ['links: ["a:b:c"]', '4:13: "a:b:c" is not a link (write it as NAME or NAME:ALIAS)'],
    [
      'network_mode: bridge\nexternal_links: [db]',
      '5:5: external_links cannot go with network_mode bridge (they name containers on the networks of an app; give the service networks)',
    ],
    [
      'volumes_from: ["container:x:ro"]',
      '4:20: volumes_from cannot be ro: Docker Compose mounts them writable anyway (mount the volumes by name, with read_only: true)',
    ],
    ['volumes: ["/a:/b:z,rslave"]', '4:15: Docker Compose drops z beside rslave (use one of them)'],
    [
      'volumes: [{type: bind, source: /a, target: /b, bind: {recursive: readonly}}]',
      '4:52: recursive: readonly needs read_only: true',
    ],
    [
      'volumes: [{type: npipe, source: a, target: /b}]',
      '4:22: mounts of type npipe are not supported: named pipes are for Windows',
    ],
    ['volumes: [{type: image, target: /b}]', '4:15: the image mount has no source'],
    ['healthcheck: {tset: x}', '4:19: unknown key tset in healthcheck (did you mean test?)'],
    ['healthcheck: {test: [curl, x]}', '4:25: a list as a healthcheck test must begin with CMD, CMD-SHELL or NONE'],
    ['healthcheck: {start_interval: 1s}', '4:18: healthcheck.start_interval needs healthcheck.start_period'],
    [
      'ports: ["80:abc"]',
      '4:13: "80:abc" is not a port mapping (write it as 8080:80, 127.0.0.1:8080:80/udp or 8000-8002:9000-9002)',
    ],
    [
      'ports: ["70000:80"]',
      '4:13: "70000:80" is not a port mapping (write it as 8080:80, 127.0.0.1:8080:80/udp or 8000-8002:9000-9002)',
    ],
    [
      'ports: ["80-81:90-92"]',
      '4:13: "80-81:90-92" maps 2 host ports to 3 container ports (write it as 8080:80, 127.0.0.1:8080:80/udp or 8000-8002:9000-9002)',
    ],
    ['ports: [{published: 80}]', '4:13: the port has no target'],
    ['ports: [{target: 80, pubished: 80}]', '4:26: unknown key pubished in a port (did you mean published?)'],
    ['mem_limit: lots', '4:16: "lots" is not a size (write it as 64m or 1.5g)'],
    ['mem_limit: 1.5', '4:16: "1.5" is not a size (write it as 64m or 1.5g)'],
    ['stop_grace_period: 10', '4:24: "10" is not a duration (write it as 90s or 1m30s)'],
    ['privileged: maybe', '4:17: true or false is expected here, not "maybe"'],
    ['user: 1000', '4:11: a string is expected here, not the number 1000 (quote it)'],
    [
      'command: a && b',
      '4:14: this command cannot be split into words: no shell runs it, and Docker Compose would cut it off at the unquoted & (write it as a list, or as ["sh", "-c", "..."] to run it in a shell)',
    ],
    [
      'restart: sometimes',
      '4:14: "sometimes" is not a restart policy (no (in quotes), always, unless-stopped, on-failure or on-failure:3)',
    ],
    [
      'restart: false',
      '4:14: "false" is not a restart policy (no (in quotes), always, unless-stopped, on-failure or on-failure:3)',
    ],
    ['pull_policy: daily', '4:18: the pull policy "daily" is not supported (always, missing or never)'],
    ['pid: service', '4:10: "service" is not a mode of pid (possible: host, service:NAME, container:NAME)'],
    ['volumes: ["a:/x"]', '4:15: "a:/x" looks like a Windows drive, because its first part is a single letter'],
    ['volumes: ["data:/x"]', '4:15: there is no volume data (declare it under volumes at the top level)'],
    ['volumes: ["/a:b"]', '4:15: the target of "/a:b" must be an absolute path in the container'],
    [
      'volumes: ["/a:/b:U"]',
      '4:15: a bind mount has no option U (known are ro, rw, z, Z, nocopy and the propagations)',
    ],
    [
      'volumes: ["~/a:/b"]',
      '4:15: a path that begins with ~ needs a value for HOME (give HOME a value in the file of --values, the Site or fleet.yaml, or write an absolute path)',
    ],
    [
      'volumes: ["../../a:/b"]',
      '4:15: Git has nothing there, and on a site the path leads to /a, out of the folder of all apps (/files) (add what it names to Git, or write the absolute path that it has on the site)',
    ],
    ['volumes: [{type: volume, target: /a, bind: {}}]', '4:42: a mount of type volume has no options for bind'],
    ['volumes: ["/a:/x"]\ntmpfs: /x', '4:15: /x of the service s is also used by tmpfs'],
    ['devices: ["dev"]', '4:15: "dev" is not a device (write it as /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rw)'],
    [
      'labels: {com.docker.compose.project: x}',
      '4:14: the label com.docker.compose.project is reserved (Holdfast sets the labels of Docker Compose and its own)',
    ],
    ['networks: [backend]', '4:16: there is no network backend (declare it under networks at the top level)'],
    ['networks: {default: {alias: x}}', "4:26: unknown key alias in a service's network (did you mean aliases?)"],
    ['network_mode: host\nnetworks: [default]', '4:5: the service s has both network_mode and networks'],
    [
      'network_mode: container:x\nports: [80]',
      '5:5: ports cannot go with network_mode container:x (give it to the other container)',
    ],
    ['depends_on: [t]', '4:18: there is no service t (did you mean s?)'],
    ['depends_on: {s: {condition: service_started}}', '4:18: services depend on each other in a circle: s -> s'],
    [
      'deploy: {mode: global, replicas: 2}',
      '4:14: mode global means one container on each host, but this is another number',
    ],
    ['deploy: {replicas: 2}\ncontainer_name: one', '5:5: several replicas cannot share one container_name'],
    ['scale: 2\nports: ["80:80"]', '5:13: several replicas cannot share the host port 80'],
    [
      'ports: ["80:80", "127.0.0.1:80:81"]',
      '4:22: the host port 127.0.0.1:80/tcp is taken twice, also at compose.yaml:4:13',
    ],
    ['configs: [c]', '4:15: there is no config c (declare it under configs at the top level)'],
    ['env_file: none.env', '4:15: Git has no such env_file (set required: false if it may be missing)'],
    ['env_file: /etc/x.env', '4:15: an env_file must be a file in Git, so its path must be relative'],
    [
      'hostname: ${NAME}',
      '4:15: the variable NAME has no value (give it a value in fleet.yaml, the Site, .env or the file of --values, or a default as in ${NAME:-default})',
    ],
    ['hostname: ${NAME:=x}', '4:15: it holds an invalid ${…} (write $$ for a dollar sign)'],
    [
      'hostname: ${NAME:?set it}',
      '4:15: the required variable NAME has no value: set it (give it a value in fleet.yaml, the Site, .env or the file of --values, or a default as in ${NAME:-default})',
    ],
  ])('%s', async (keys, problem) => {
    expect(await serviceProblems(keys)).toBe(`compose.yaml:${problem}`);
  });

  test('everything wrong with an app is said at once, in the order of the file', async () => {
    const keys = 'ports: [x]\nmem_limit: x\nnetworks: [x]\nhostname: $X';
    expect((await serviceProblems(keys)).split('\n').map((line) => line.split(': ')[0])).toEqual([
      'compose.yaml:4:13',
      'compose.yaml:5:16',
      'compose.yaml:6:16',
      'compose.yaml:7:15',
    ]);
  });

  test('a value from the site never shows in a problem', async () => {
    const extras = { options: { localValues: { SECRET: 'hunter2' } } };
    const keys = [
      'ports: ["${SECRET}:80"]',
      'mem_limit: ${SECRET}',
      'restart: $SECRET',
      'devices: ["$SECRET"]',
      'volumes: ["/a:$SECRET"]',
    ];
    const problems = await serviceProblems(keys.join('\n'), extras);
    expect(problems).not.toContain('hunter2');
    expect(problems).toContain('"${SECRET}:80" is not a port mapping');
  });
});
