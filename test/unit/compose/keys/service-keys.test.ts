import { describe, expect, test } from '@jest/globals';
import { compile, serviceProblems, serviceText, specOf } from '../support.ts';

const ON_DEFAULT = { Networks: { app_default: { Aliases: ['app-s-1', 's'] } } };

/** Keys of a service, and what they add to a bare container. */

describe('each key in the words of the Engine API', () => {
  test.each<[string, object]>([
    ['command: echo "a b"', { Cmd: ['echo', 'a b'] }],
    ['command: []', {}],
    ['command:', {}],
    ['entrypoint: ""', { Entrypoint: [] }],
    ['entrypoint: [sh, -c]', { Entrypoint: ['sh', '-c'] }],
    ['working_dir: /w', { WorkingDir: '/w' }],
    ['user: "1000"', { User: '1000' }],
    ['hostname: h\ndomainname: d', { Hostname: 'h', Domainname: 'd' }],
    ['tty: true\nstdin_open: "yes"', { Tty: true, OpenStdin: true }],
    ['init: false', { Init: false }],
    ['platform: linux/arm64', { Platform: 'linux/arm64' }],
    ['stop_signal: SIGINT', { StopSignal: 'SIGINT' }],
    ['stop_grace_period: 0s', { StopTimeout: 0 }],
    ['stop_grace_period: 1m30.7s', { StopTimeout: 90 }],
    ['labels: {a: 1, b: , c: true}', { Labels: { a: '1', b: '', c: 'true' } }],
    ['labels: ["a=b=c", d]', { Labels: { a: 'b=c', d: '' } }],
    ['environment: {A: 1.50, B: "", C: null}', { Env: { A: '1.5', B: '', C: null } }],
    ['restart: no', { RestartPolicy: { Name: 'no' } }],
    ['restart: on-failure:3', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }],
    ['restart: always\ndeploy: {restart_policy: {condition: none}}', { RestartPolicy: { Name: 'no' } }],
    ['healthcheck: {disable: true}', { Healthcheck: { Test: ['NONE'] } }],
    ['healthcheck: {test: x y, retries: 3}', { Healthcheck: { Test: ['CMD-SHELL', 'x y'], Retries: 3 } }],
    ['healthcheck: {interval: 1m, start_period: 0s}', { Healthcheck: { Interval: 60e9 } }],
    ['expose: [80, "81-82/udp"]', { ExposedPorts: ['80/tcp', '81/udp', '82/udp'] }],
    ['ports: ["80-81:8080"]', { PortBindings: [{ Container: '8080/tcp', HostIp: '', HostPort: '80-81' }] }],
    ['ports: ["[::1]:80:80/sctp"]', { PortBindings: [{ Container: '80/sctp', HostIp: '::1', HostPort: '80' }] }],
    [
      'ports: [80]\nexpose: ["80", 81]',
      { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: '' }], ExposedPorts: ['81/tcp'] },
    ],
    ['tmpfs: "/run:size=64m,mode=1777"', { Tmpfs: { '/run': 'size=64m,mode=1777' } }],
    ['volumes: [/anon]', { Mounts: [{ Type: 'volume', Target: '/anon' }] }],
    [
      'volumes: ["/a/:/b/:ro,z"]',
      { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, SELinux: 'z' }] },
    ],
    ['volumes: ["./a:/b"]', { Mounts: [{ Type: 'bind', Source: '/files/app/a', Target: '/b' }] }],
    ['volumes: ["/a:/x", "/b:/x"]', { Mounts: [{ Type: 'bind', Source: '/b', Target: '/x' }] }],
    [
      'volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 01777}}]',
      { Mounts: [{ Type: 'tmpfs', Target: '/t', SizeBytes: 1048576, Mode: 0o1777 }] },
    ],
    [
      'volumes: [{type: bind, source: /a, target: /b, bind: {create_host_path: false}}]',
      { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', MustExist: true }] },
    ],
    ['cap_add: [net_admin, CAP_SYS_TIME]\ncap_drop: [ALL]', { CapAdd: ['NET_ADMIN', 'SYS_TIME'], CapDrop: ['ALL'] }],
    ['privileged: true\nread_only: true', { Privileged: true, ReadonlyRootfs: true }],
    ['privileged: false\nread_only: no', {}],
    [
      'security_opt: ["no-new-privileges:true", "seccomp=unconfined"]',
      { SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'] },
    ],
    ['sysctls: {net.core.somaxconn: 1024}', { Sysctls: { 'net.core.somaxconn': '1024' } }],
    [
      'ulimits: {nproc: 65535, nofile: {soft: 1, hard: 2}}',
      {
        Ulimits: [
          { Name: 'nofile', Soft: 1, Hard: 2 },
          { Name: 'nproc', Soft: 65535, Hard: 65535 },
        ],
      },
    ],
    ['group_add: [audio, 20]', { GroupAdd: ['audio', '20'] }],
    ['shm_size: 64m', { ShmSize: 64 * 1024 ** 2 }],
    ['extra_hosts: ["b=::1", "a:1.2.3.4"]', { ExtraHosts: ['a:1.2.3.4', 'b:::1'] }],
    ['extra_hosts: {a: [1.1.1.1, 2.2.2.2]}', { ExtraHosts: ['a:1.1.1.1', 'a:2.2.2.2'] }],
    [
      'dns: 1.1.1.1\ndns_search: [x]\ndns_opt: [use-vc]',
      { Dns: ['1.1.1.1'], DnsSearch: ['x'], DnsOptions: ['use-vc'] },
    ],
    [
      'devices: ["/dev/x"]',
      { Devices: [{ PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }] },
    ],
    [
      'devices: ["/dev/x:/dev/y:r"]',
      { Devices: [{ PathOnHost: '/dev/x', PathInContainer: '/dev/y', CgroupPermissions: 'r' }] },
    ],
    ['devices: ["nvidia.com/gpu=all"]', { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] }] }],
    ['gpus: all', { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] }],
    [
      'deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}',
      { DeviceRequests: [{ Driver: 'nvidia', Count: 1, Capabilities: [['gpu']] }] },
    ],
    [
      'mem_limit: 1.5g\nmemswap_limit: -1\nmem_reservation: 64m',
      { Memory: 1610612736, MemorySwap: -1, MemoryReservation: 67108864 },
    ],
    [
      'deploy: {resources: {limits: {cpus: "0.25", memory: 50M, pids: 10}}}',
      { NanoCpus: 250000000, Memory: 52428800, PidsLimit: 10 },
    ],
    ['cpus: 0.1\ncpu_shares: 512\ncpuset: 0,1', { NanoCpus: 100000000, CpuShares: 512, CpusetCpus: '0,1' }],
    ['blkio_config: {weight: 300}', { BlkioWeight: 300 }],
    [
      'blkio_config: {weight_device: [{path: /dev/a, weight: 9}], device_read_bps: [{path: /dev/a, rate: 1k}]}',
      {
        BlkioWeightDevice: [{ Path: '/dev/a', Weight: 9 }],
        BlkioDeviceReadBps: [{ Path: '/dev/a', Rate: 1024 }],
      },
    ],
    [
      'blkio_config: {device_read_iops: [{path: /dev/a, rate: 1}], device_write_iops: [{path: /dev/a, rate: "2"}]}',
      {
        BlkioDeviceReadIOps: [{ Path: '/dev/a', Rate: 1 }],
        BlkioDeviceWriteIOps: [{ Path: '/dev/a', Rate: 2 }],
      },
    ],
    ['volumes_from: [container:x, "container:y:rw"]', { VolumesFrom: ['container:x', 'container:y'] }],
    ['security_opt: ["systempaths=unconfined"]', { SecurityOpt: ['systempaths=unconfined'] }],
    ['cap_add: [net_admin, CAP_CHOWN]\ncap_drop: [ALL, CHOWN]', { CapAdd: ['CHOWN', 'NET_ADMIN'], CapDrop: ['ALL'] }],
    ['deploy: {mode: global}', {}],
    [
      'volumes: [{type: image, source: "app:2", target: /i, image: {subpath: etc}}]',
      { Mounts: [{ Type: 'image', Source: 'app:2', Target: '/i', Subpath: 'etc' }] },
    ],
    [
      'volumes: [{type: volume, target: /v, volume: {labels: [a=b]}}]',
      { Mounts: [{ Type: 'volume', Target: '/v', Labels: { a: 'b' } }] },
    ],

    ['oom_kill_disable: true\noom_score_adj: -500', { OomKillDisable: true, OomScoreAdj: -500 }],
    [
      'logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}',
      { LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } } },
    ],
    ['pid: host\nipc: shareable\nuts: host', { PidMode: 'host', IpcMode: 'shareable', UTSMode: 'host' }],
    ['cgroup: private\nuserns_mode: host', { CgroupnsMode: 'private', UsernsMode: 'host' }],
    ['storage_opt: {size: 1G}\nannotations: [a=b]', { StorageOpt: { size: '1G' }, Annotations: { a: 'b' } }],
    ['x-mine: {anything: [1]}', {}],
  ])('%s', async (keys, added) => {
    expect(await specOf(keys)).toEqual({ Image: 'busybox', ...ON_DEFAULT, ...added });
  });

  test('network_mode takes the place of networks', async () => {
    expect(await specOf('network_mode: host')).toEqual({ Image: 'busybox', NetworkMode: 'host' });
  });

  test('links give other containers names in this one alone, and an order', async () => {
    const more = '  db: {image: busybox, scale: 2}\n';
    const app = await compile(`${serviceText('links: ["db:store"]\nexternal_links: [far, "far:near"]')}${more}`);
    const service = app.services.find(({ name }) => name === 's');
    expect(service?.containers[0]?.spec.Networks?.app_default?.Links).toEqual(
      [1, 2]
        .flatMap((n) => [`app-db-${n}:app-db-1`, `app-db-${n}:db-1`, `app-db-${n}:store`])
        .concat(['far:far', 'far:near']),
    );
    expect(service?.dependsOn).toEqual([{ service: 'db', condition: 'started', required: true, restart: true }]);
  });

  test('volumes of another service give an order', async () => {
    const more = '  db: {image: busybox, volumes: [/data]}\n';
    const app = await compile(`${serviceText('volumes_from: [db]')}${more}`);
    const service = app.services.find(({ name }) => name === 's');
    expect(service?.containers[0]?.spec.VolumesFrom).toEqual(['service:db']);
    expect(service?.dependsOn).toEqual([{ service: 'db', condition: 'started', required: true, restart: false }]);
  });

  test('the gateway and the interface of a network', async () => {
    const spec = await specOf('networks: {default: {gw_priority: 3, interface_name: eth7}}', {
      more: 'networks: {b: }',
    });
    expect(spec.Networks).toMatchObject({
      app_default: { GwPriority: 3, DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth7' } },
    });
  });

  test('places on networks', async () => {
    const keys =
      'mac_address: 02:42:AC:11:00:02\nnetworks: {b: {priority: 5, ipv4_address: 10.0.0.9}, a: {aliases: [s, z]}}';
    const spec = await specOf(keys, { more: 'networks: {a: , b: {name: bee}}' });
    expect(spec.Networks).toEqual({
      app_a: { Aliases: ['app-s-1', 's', 'z'] },
      bee: { MacAddress: '02:42:AC:11:00:02', IPv4Address: '10.0.0.9', Priority: 5, Aliases: ['app-s-1', 's'] },
    });
  });
});

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
