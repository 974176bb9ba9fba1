import { describe, expect, test } from '@jest/globals';
import { compile, serviceText, specOf } from '../support.ts';

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
