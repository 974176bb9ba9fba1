import { type EngineCase, service } from './case.ts';

/** Rights and limits of a container. */
export const HOST_CASES: EngineCase[] = [
  service('everything', 'privileged: true'),
  service('nothing to write', 'read_only: true'),
  service('capabilities', 'cap_add: [net_admin, CAP_SYS_TIME]\ncap_drop: [ALL]'),
  service('options of security', 'security_opt: ["no-new-privileges:true", "seccomp=unconfined", "label=disable"]'),
  service('options of security in the old form', 'security_opt: ["seccomp:unconfined", no-new-privileges]'),
  service('paths of the system', 'security_opt: ["systempaths=unconfined"]'),
  service('a profile of seccomp', 'security_opt: ["seccomp=./profile.json"]', {
    files: { 'profile.json': '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n' },
  }),
  service('groups', 'group_add: [audio, 1000, "12"]'),
  service('sysctls', 'sysctls:\n  net.core.somaxconn: 1024\n  net.ipv4.ip_forward: "1"'),
  service('sysctls as a list', 'sysctls: [net.core.somaxconn=512]'),
  service('ulimits', 'ulimits:\n  nproc: 65535\n  nofile: {soft: 20000, hard: 40000}\n  core: 0'),
  service("the host's namespaces", 'pid: host\nipc: host\nuts: host\nuserns_mode: host\ncgroup: host'),
  service('a private cgroup', 'ipc: private\ncgroup: private'),
  service('no IPC', 'ipc: none'),
  service('a cgroup above', 'cgroup_parent: /holdfast-conformance'),
  service('a runtime', 'runtime: runc'),
  service('an isolation', 'isolation: default'),
  service('memory', 'mem_limit: 64m\nmem_reservation: 32m\nmemswap_limit: 128m\nmem_swappiness: 10'),
  service('memory without a limit of swap', 'mem_limit: 64m\nmemswap_limit: -1'),
  service(
    'memory of deploy',
    'deploy:\n  resources:\n    limits: {memory: 1.5g, cpus: "0.25", pids: 50}\n    reservations: {memory: 20m}',
  ),
  service('shared memory', 'shm_size: 128m'),
  service('a process that the kernel kills first', 'oom_score_adj: 500\noom_kill_disable: false'),
  service('processors', 'cpus: 0.5\ncpu_shares: 512\ncpuset: "0,1"'),
  service('a quota of processors', 'cpu_quota: 50000\ncpu_period: 100000'),
  service('processes', 'pids_limit: 100'),
  service('any number of processes', 'pids_limit: -1'),
  service(
    'input and output',
    'blkio_config:\n  weight: 300\n  device_read_bps: [{path: /dev/zero, rate: 12mb}]\n  device_read_iops: [{path: /dev/zero, rate: 120}]\n  device_write_bps: [{path: /dev/zero, rate: "1024k"}]\n  device_write_iops: [{path: /dev/zero, rate: 30}]\n  weight_device: [{path: /dev/zero, weight: 400}]',
  ),
  service(
    'devices',
    'devices: ["/dev/null", "/dev/zero:/dev/z:r", {source: /dev/full, target: /dev/f, permissions: rw}]\ndevice_cgroup_rules: ["c 1:3 mr", "a 7:* rmw"]',
  ),
  service('every GPU', 'gpus: all'),
  service(
    'some GPUs',
    'gpus:\n  - {driver: nvidia, count: 2}\n  - {device_ids: ["0", "3"], capabilities: [compute], options: {a: b}}',
  ),
  service(
    'reserved devices',
    'deploy:\n  resources:\n    reservations:\n      devices:\n        - {driver: nvidia, count: 1, capabilities: [gpu, utility]}\n        - {capabilities: [tpu]}',
  ),
  service('a device of the container device interface', 'devices: ["vendor.com/class=name"]', { newer: true }),
];
