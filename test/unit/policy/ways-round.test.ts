import { expect, test } from '@jest/globals';
import { compile, serviceText } from '../compose/support.ts';
import { policy, refusals } from './support.ts';

/** Each way to the machine that people know, as keys of a service and the rest of the file, and the rules that refuse it under `standard`. */
const WAYS: Record<string, { keys?: string; more?: string; files?: Record<string, string>; rules: string[] }> = {
  'the socket of the engine': { keys: 'volumes: [/var/run/docker.sock:/s]', rules: ['hostPaths', 'engineSockets'] },
  'the socket, read-only': { keys: 'volumes: [/run/docker.sock:/s:ro]', rules: ['hostPaths', 'engineSockets'] },
  'the socket, with dots': { keys: 'volumes: [/srv/../run//docker.sock:/s]', rules: ['hostPaths', 'engineSockets'] },
  'a folder that holds the socket': { keys: 'volumes: [/var/run:/s:ro]', rules: ['hostPaths', 'engineSockets'] },
  'the root of the host': {
    keys: 'volumes: [/:/host:ro]',
    rules: ['hostPaths', 'engineSockets', 'agentFolders'],
  },
  'the root of the host through a process': {
    keys: 'volumes: [/proc/1/root/srv:/host]',
    rules: ['hostPaths', 'engineSockets', 'agentFolders'],
  },
  'the socket of a user': { keys: 'volumes: [/run/user/1000/podman:/s]', rules: ['hostPaths', 'engineSockets'] },
  "the agent's state": { keys: 'volumes: [/var/lib/holdfast/state:/s]', rules: ['hostPaths', 'agentFolders'] },
  "the folder of another app's files": { keys: 'volumes: [/files/other:/s]', rules: ['hostPaths'] },
  'all folders of apps': { keys: 'volumes: [/files:/s]', rules: ['hostPaths'] },
  'a volume that is a bind': {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {driver_opts: {type: none, o: bind, device: /etc}}}',
    rules: ['hostPaths', 'agentFolders'],
  },
  'a volume that is a bind among other options': {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {driver: local, driver_opts: {type: tmpfs, o: "size=1m,rbind", device: /run}}}',
    rules: ['hostPaths', 'engineSockets'],
  },
  'a volume that is an overlay of the host': {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {driver_opts: {type: overlay, o: "lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w", device: overlay}}}',
    rules: ['volumeDrivers'],
  },
  'a volume that is a disk': {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {driver_opts: {type: ext4, device: /dev/sda1}}}',
    rules: ['volumeDrivers'],
  },
  'a volume of another driver': {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {driver: sshfs}}',
    rules: ['volumeDrivers'],
  },
  "another app's volume": {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {external: true, name: pos_data}}',
    rules: ['externalVolumes'],
  },
  "another app's volume by its name": {
    keys: 'volumes: [vol:/s]',
    more: 'volumes: {vol: {name: pos_data}}',
    rules: ['externalVolumes'],
  },
  'a secret that is a file of the host': {
    keys: 'secrets: [x]',
    more: 'secrets: {x: {file: /etc/shadow}}',
    rules: ['hostPaths'],
  },
  'a config that is a file of the host': {
    keys: 'configs: [x]',
    more: 'configs: {x: {file: /etc/holdfast/values.yaml}}',
    rules: ['hostPaths', 'agentFolders'],
  },
  'a folder below one that a container writes to': {
    keys: 'volumes: [./data:/data, ./data/x:/x]',
    rules: ['pathsBelowWritable'],
  },
  'a bind that passes mounts on to the host': {
    keys: 'volumes: [{type: bind, source: ./data, target: /s, bind: {propagation: rshared}}]',
    rules: ['mountPropagation'],
  },
  'privileged: true': { keys: 'privileged: true', rules: ['privileged'] },
  'a capability': { keys: 'cap_add: [CAP_SYS_ADMIN]', rules: ['capabilities'] },
  'all capabilities': { keys: 'cap_add: [all]', rules: ['capabilities'] },
  'no seccomp': { keys: 'security_opt: ["seccomp:unconfined"]', rules: ['securityOptions'] },
  'a seccomp profile of its own': {
    keys: 'security_opt: [seccomp=./p.json]',
    files: { 'p.json': '{"defaultAction": "SCMP_ACT_ALLOW"}' },
    rules: ['securityOptions'],
  },
  'no AppArmor': { keys: 'security_opt: [apparmor=unconfined]', rules: ['securityOptions'] },
  'no masked paths': { keys: 'security_opt: [systempaths=unconfined]', rules: ['securityOptions'] },
  'a disk of the host': { keys: 'devices: [/dev/sda]', rules: ['devices'] },
  'all devices of the host': { keys: 'devices: [/dev:/dev]', rules: ['devices'] },
  'a device through a process': { keys: 'devices: [/proc/1/root/dev/sda:/dev/x]', rules: ['devices'] },
  'a device by its CDI name': { keys: 'devices: [vendor.com/disk=all]', rules: ['devices'] },
  'a device through the cgroup': { keys: 'device_cgroup_rules: ["a *:* rwm"]', rules: ['deviceCgroupRules'] },
  'the network of the host': { keys: 'network_mode: host', rules: ['hostNamespaces'] },
  'the network of the host as an external one': {
    keys: 'networks: [h]',
    more: 'networks: {h: {external: true, name: host}}',
    rules: ['externalNetworks', 'hostNamespaces'],
  },
  'the processes of the host': { keys: 'pid: host', rules: ['hostNamespaces'] },
  'the shared memory of the host': { keys: 'ipc: host', rules: ['hostNamespaces'] },
  'the name of the host': { keys: 'uts: host', rules: ['hostNamespaces'] },
  'the users of the host': { keys: 'userns_mode: host', rules: ['hostNamespaces'] },
  'the cgroups of the host': { keys: 'cgroup: host', rules: ['hostNamespaces'] },
  "another app's network namespace": { keys: 'network_mode: container:pos-web-1', rules: ['otherContainers'] },
  "another app's processes": { keys: 'pid: container:pos-web-1', rules: ['otherContainers'] },
  "another app's shared memory": { keys: 'ipc: container:pos-web-1', rules: ['otherContainers'] },
  "another app's mounts": { keys: 'volumes_from: ["container:pos-web-1"]', rules: ['otherContainers'] },
  "another app's network": {
    keys: 'networks: [n]',
    more: 'networks: {n: {external: true, name: pos_default}}',
    rules: ['externalNetworks'],
  },
  "another app's network by its name": {
    keys: 'networks: [n]',
    more: 'networks: {n: {name: pos_default}}',
    rules: ['externalNetworks'],
  },
  "another app's bridge": {
    keys: 'networks: [n]',
    more: 'networks: {n: {driver_opts: {com.docker.network.bridge.name: br-pos}}}',
    rules: ['networkOptions'],
  },
  'a network card of the host': {
    keys: 'networks: [n]',
    more: 'networks: {n: {driver: macvlan, driver_opts: {parent: eth0}}}',
    rules: ['networkDrivers', 'networkOptions'],
  },
  'the addresses of somebody else': {
    keys: 'networks: [n]',
    more: 'networks: {n: {ipam: {config: [{subnet: 140.82.112.0/20}]}}}',
    rules: ['subnets'],
  },
  'a runtime': { keys: 'runtime: /tmp/runc', rules: ['runtimes'] },
  'a parent of the cgroup': { keys: 'cgroup_parent: /', rules: ['cgroupParents'] },
  'an annotation that a runtime acts on': {
    keys: 'annotations: {run.oci.seccomp.receiver: /run/docker.sock}',
    rules: ['annotations'],
  },
  'a log driver that sends to a host': {
    keys: 'logging: {driver: syslog, options: {syslog-address: "tcp://203.0.113.1:514"}}',
    rules: ['logDrivers'],
  },
  'a log that is a file of the host': {
    keys: 'logging: {driver: k8s-file, options: {path: /etc/cron.d/x}}',
    rules: ['hostPaths', 'logDrivers'],
  },
  'CPU time before all others': { keys: 'ulimits: {rtprio: 99}', rules: ['realtime'] },
  'memory before all others': { keys: 'oom_score_adj: -1000', rules: ['oomProtection'] },
  'a privileged hook': { keys: 'post_start: [{command: id, privileged: true}]', rules: ['hooks'] },
};

test.each(Object.keys(WAYS))('standard refuses %s, and lab allows it', async (name) => {
  const { keys = '', more = '', files = {}, rules } = WAYS[name] as (typeof WAYS)[string];
  const app = await compile(`${serviceText(keys)}${more}`, { files });
  const found = refusals(await policy('profile: standard'), app);
  expect([...new Set(found.map((text) => text.split(':')[0]))].sort()).toEqual([...rules].sort());
  expect(refusals(await policy('profile: lab'), app)).toEqual([]);
});

test('an ordinary app has no violation of standard', async () => {
  const app = await compile(
    `services:
  web:
    image: nginx:1.27
    ports: ["80:80", "127.0.0.1:8443:8443/udp"]
    volumes: [./conf.d:/etc/nginx/conf.d:ro, ./data:/data, logs:/logs, /etc/localtime:/etc/localtime:ro]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    tmpfs: [/tmp]
    sysctls: {net.core.somaxconn: 1024}
    ulimits: {nofile: 4096}
    logging: {driver: json-file, options: {max-size: 1m}}
    networks: [front]
    secrets: [token]
    post_start: [{command: id, user: root}]
  side:
    image: busybox
    network_mode: service:web
    pid: service:web
    volumes_from: [web]
  job: {image: busybox, network_mode: "container:app-web-1"}
networks: {front: {driver: bridge, ipam: {config: [{subnet: 172.30.0.0/24}]}}}
volumes: {logs: {}, ram: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m"}}}
secrets: {token: {environment: TOKEN}}
`,
    { files: { 'conf.d/x.conf': 'x' }, options: { localValues: { TOKEN: 'sesame' } } },
  );
  expect(refusals(await policy('profile: standard'), app)).toEqual([]);
});
