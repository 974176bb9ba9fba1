import { type EngineCase, project, service } from './case.ts';

/** Networks, ports and names of a container. */
export const NETWORK_CASES: EngineCase[] = [
  service('a port', 'ports: ["8080:80"]'),
  service('a port of an address', 'ports: ["127.0.0.1:8080:80", "[::1]:8081:81"]'),
  service('a port that the engine chooses', 'ports: ["80"]'),
  service('a range of ports', 'ports: ["8000-8002:80-82"]'),
  service('one of a range of ports', 'ports: ["8000-8010:80"]'),
  service('a port for TCP and UDP', 'ports: ["53:53", "53:53/udp"]'),
  service(
    'ports in the long form',
    'ports:\n  - target: 80\n    published: "8080"\n    host_ip: 127.0.0.1\n    protocol: tcp\n    mode: host\n  - target: 90',
  ),
  service('two host ports for one', 'ports: ["81:80", "80:80"]'),
  service('exposed ports', 'expose: ["80", "90-92/udp"]\nports: ["8080:81"]'),
  service('SCTP', 'ports: ["132:132/sctp"]'),
  service(
    'names of hosts',
    'extra_hosts: ["db=10.0.0.1", "web:10.0.0.2", "six=::1", "host.docker.internal:host-gateway"]',
  ),
  service('names of hosts as a mapping', 'extra_hosts:\n  db: 10.0.0.1\n  two: [10.0.0.2, 10.0.0.3]'),
  service('name servers', 'dns: [8.8.8.8, 1.1.1.1]\ndns_search: [example.org, lan]\ndns_opt: [ndots:2, "timeout:1"]'),
  service('one name server', 'dns: 8.8.8.8\ndns_search: lan'),
  service("the host's network", 'network_mode: host\nports: ["80:80"]'),
  service('no network', 'network_mode: none'),
  service("the engine's own network", 'network_mode: bridge\nports: ["8080:80"]'),
  service("the host's network with a hostname", 'network_mode: host\nhostname: box'),
  service('a MAC address', 'mac_address: 02:42:AC:11:00:99'),
  service('a MAC address on a network', 'networks:\n  default:\n    mac_address: 02:42:ac:11:00:98\n', { newer: true }),
  project(
    'two networks with a priority',
    `services:
  web:
    image: IMAGE
    networks:
      front: {aliases: [a, b]}
      back: {priority: 100, aliases: [a]}
networks: {front: {}, back: {}}`,
  ),
  project(
    'three networks without a priority',
    `services:
  web: {image: IMAGE, networks: [c, a, b]}
networks: {a: {}, b: {}, c: {}}`,
  ),
  project(
    'addresses of its own',
    `services:
  web:
    image: IMAGE
    networks:
      front: {ipv4_address: 10.217.0.7, ipv6_address: "fd00:217::7", link_local_ips: [169.254.7.7]}
networks:
  front:
    enable_ipv6: true
    ipam: {config: [{subnet: 10.217.0.0/24}, {subnet: "fd00:217::/64"}]}`,
  ),
  project(
    'a network with everything',
    `services:
  web: {image: IMAGE, networks: [all]}
networks:
  all:
    driver: bridge
    driver_opts: {com.docker.network.driver.mtu: "1400", com.docker.network.bridge.enable_icc: "true"}
    attachable: true
    labels: {a: b}
    ipam:
      driver: default
      config:
        - subnet: 10.218.0.0/24
          ip_range: 10.218.0.128/25
          gateway: 10.218.0.9
          aux_addresses: {host1: 10.218.0.5}`,
  ),
  project(
    'an internal network under a name of its own',
    `services:
  web: {image: IMAGE, networks: [inside]}
networks:
  inside: {internal: true, name: UNIQUE-inside, labels: [x, y=z]}`,
  ),
  project(
    'a default network with options',
    `services:
  web: {image: IMAGE}
networks:
  default: {driver_opts: {com.docker.network.driver.mtu: "1300"}}`,
  ),
  project(
    'options of an endpoint',
    `services:
  web:
    image: IMAGE
    networks:
      default: {driver_opts: {com.example.a: "1"}, aliases: [web, other]}`,
  ),
  project('a network that nothing uses', `services:\n  web: {image: IMAGE}\nnetworks: {unused: {}}\n`),
  project(
    'a network without IPv4',
    `services:\n  web: {image: IMAGE}\nnetworks:\n  default: {enable_ipv4: false, enable_ipv6: true}\n`,
    { newer: true },
  ),
  project(
    'a gateway and the name of an interface',
    `services:\n  web:\n    image: IMAGE\n    networks:\n      a: {gw_priority: 5, interface_name: eth7}\n      b: {gw_priority: 1}\nnetworks: {a: {}, b: {}}\n`,
    { newer: true },
  ),
  project(
    'MAC addresses on two networks',
    `services:\n  web:\n    image: IMAGE\n    networks:\n      a: {mac_address: "02:42:ac:11:00:01"}\n      b: {mac_address: "02:42:ac:11:00:02"}\nnetworks: {a: {}, b: {}}\n`,
    { newer: true },
  ),
  project(
    'three of a service',
    `services:
  web: {image: IMAGE, scale: 3, ports: ["9000-9004:80"]}
networks: {default: {external: true, name: SHARED}}`,
  ),
  project(
    'replicas of deploy, and no other',
    `services:
  web: {image: IMAGE, deploy: {replicas: 2, mode: replicated}}
  off: {image: IMAGE, scale: 0}
  one: {image: IMAGE, deploy: {mode: global}}
networks: {default: {external: true, name: SHARED}}`,
  ),
  project(
    'dependencies of all kinds',
    `services:
  web:
    image: IMAGE
    depends_on:
      db: {condition: service_healthy, restart: true}
      job: {condition: service_completed_successfully}
      cache: {condition: service_started, required: false}
  api: {image: IMAGE, depends_on: [db, cache]}
  db: {image: IMAGE, healthcheck: {test: "true"}}
  job: {image: IMAGE, command: "true"}
  cache: {image: IMAGE}
networks: {default: {external: true, name: SHARED}}`,
  ),
  project(
    'links',
    `services:
  web: {image: IMAGE, links: [db, "db:store", cache], external_links: ["other", "another:alias"], networks: [a, b]}
  db: {image: IMAGE, scale: 2, networks: [a]}
  cache: {image: IMAGE, container_name: UNIQUE-cache, networks: [b]}
networks: {a: {}, b: {}}`,
  ),
];
