import { type EngineCase, project, service } from './case.ts';

const VOLUMES = { top: 'volumes:\n  data: {}\n' };

/** Mounts of a container. */
export const MOUNT_CASES: EngineCase[] = [
  service('a folder of the host', 'volumes: [/opt:/opt]'),
  service('folders of the project', 'volumes: ["./html:/html:ro", "./new:/new"]', {
    files: { 'html/index.html': 'hello' },
  }),
  service('a file of the project', 'volumes: ["./app.conf:/etc/app.conf:ro"]', { files: { 'app.conf': 'a=1' } }),
  service('a bind with propagation and SELinux', 'volumes: ["/opt:/a:rslave", "/opt:/b:z", "/opt:/c:ro,Z"]'),
  service('a volume', 'volumes: ["data:/data"]', VOLUMES),
  service('a volume to read', 'volumes: ["data:/data:ro"]', VOLUMES),
  service('a volume without a copy', 'volumes: ["data:/data:nocopy"]', VOLUMES),
  service('unnamed volumes', 'volumes: [/cache, {type: volume, target: /other}]'),
  service(
    'binds in the long form',
    'volumes:\n  - {type: bind, source: /opt, target: /a}\n  - {type: bind, source: /opt, target: /b, read_only: true, bind: {create_host_path: true}}\n  - {type: bind, source: /opt, target: /c, bind: {create_host_path: false}}\n  - {type: bind, source: /opt, target: /d, bind: {propagation: rslave}}\n  - {type: bind, source: /opt, target: /e, bind: {selinux: z, create_host_path: true}}\n  - {type: bind, source: /opt, target: /f, bind: {propagation: rprivate, create_host_path: true}}',
  ),
  service(
    'volumes in the long form',
    'volumes:\n  - {type: volume, source: data, target: /a}\n  - {type: volume, source: data, target: /b, read_only: true}\n  - {type: volume, source: data, target: /c, volume: {nocopy: true}}\n  - {type: volume, source: data, target: /d, volume: {labels: {x: y}}}\n  - {type: volume, target: /e, volume: {labels: [k=v]}}',
    VOLUMES,
  ),
  service(
    'tmpfs in the long form',
    'volumes:\n  - {type: tmpfs, target: /a}\n  - {type: tmpfs, target: /b, tmpfs: {size: 1m, mode: 0700}}\n  - {type: tmpfs, target: /c, read_only: true, tmpfs: {size: 65536}}',
  ),
  service(
    'a bind without what is mounted below',
    'volumes:\n  - {type: bind, source: /opt, target: /a, bind: {recursive: disabled}}\n  - {type: bind, source: /opt, target: /b, bind: {recursive: enabled}}',
  ),
  service(
    'a bind that is read-only all the way',
    'volumes:\n  - {type: bind, source: /opt, target: /a, read_only: true, bind: {recursive: readonly, propagation: rprivate}}\n  - {type: bind, source: /opt, target: /b, read_only: true, bind: {recursive: writable}}',
    { newer: true },
  ),
  service('a part of a volume', 'volumes:\n  - {type: volume, source: data, target: /a, volume: {subpath: x/y}}', {
    ...VOLUMES,
    newer: true,
  }),
  service('an image as a mount', 'volumes:\n  - {type: image, source: "holdfast-test/busybox:2", target: /a}', {
    newer: true,
  }),
  service(
    'a part of an image as a mount',
    'volumes:\n  - {type: image, source: "holdfast-test/busybox:2", target: /b, image: {subpath: bin}}',
    { newer: true },
  ),
  service(
    'a bind with all that is mounted below',
    'volumes:\n  - {type: bind, source: /opt, target: /a, bind: {recursive: enabled, create_host_path: true}}',
  ),
  service('tmpfs', 'tmpfs: /run'),
  service('tmpfs with options', 'tmpfs: ["/run:size=64m,mode=1777", /tmp]'),
  service('a target twice', 'volumes: ["/opt:/a", "/etc:/a:ro"]'),
  service('configs and secrets of files', 'configs: [conf, {source: conf, target: /etc/conf}]\nsecrets: [key]', {
    files: { 'conf.txt': 'c', 'key.txt': 'k' },
    top: 'configs:\n  conf: {file: ./conf.txt}\nsecrets:\n  key: {file: ./key.txt}\n',
  }),
  service(
    'configs and secrets without a file',
    'configs: [{source: conf, target: /etc/conf, mode: 0440}]\nsecrets: [key]',
    {
      files: { '.env': 'KEY=secret\n' },
      top: 'configs:\n  conf: {content: "a=$$b"}\nsecrets:\n  key: {environment: KEY}\n',
    },
  ),
  service('a volume with everything', 'volumes: ["data:/data"]', {
    top: 'volumes:\n  data:\n    driver: local\n    driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m"}\n    labels: {a: b}\n',
  }),
  service('a volume under a name of its own', 'volumes: ["data:/data"]', {
    top: 'volumes:\n  data: {name: UNIQUE-data, labels: [x]}\n',
  }),
  service('a volume that nothing uses', 'labels: {a: b}', VOLUMES),
  project(
    'volumes of another service',
    `services:\n  web: {image: IMAGE, volumes_from: [data]}\n  data: {image: IMAGE, volumes: [/cache, "/opt:/opt:ro", "named:/named"]}\nnetworks: {default: {external: true, name: SHARED}}\nvolumes: {named: {}}\n`,
  ),
  project(
    'namespaces of another service',
    `services:\n  web: {image: IMAGE, network_mode: "service:vpn", pid: "service:vpn", ipc: "service:vpn"}\n  vpn: {image: IMAGE, ipc: shareable}\nnetworks: {default: {external: true, name: SHARED}}\n`,
  ),
];
