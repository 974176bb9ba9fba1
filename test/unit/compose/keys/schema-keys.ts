/**
 * The keys of the Compose Specification's JSON schema, nested ones after a dot. Those below `build` are as of Compose 2.40; those below `provider`
 * are left out, as it is refused whole.
 */
export const SERVICE_SCHEMA = `
annotations attach blkio_config blkio_config.device_read_bps blkio_config.device_read_bps.path blkio_config.device_read_bps.rate
blkio_config.device_read_iops blkio_config.device_read_iops.path blkio_config.device_read_iops.rate blkio_config.device_write_bps
blkio_config.device_write_bps.path blkio_config.device_write_bps.rate blkio_config.device_write_iops blkio_config.device_write_iops.path
blkio_config.device_write_iops.rate blkio_config.weight blkio_config.weight_device blkio_config.weight_device.path
blkio_config.weight_device.weight build build.additional_contexts build.args build.cache_from build.cache_to build.context build.dockerfile
build.dockerfile_inline build.entitlements build.extra_hosts build.isolation build.labels build.network build.no_cache build.platforms
build.privileged build.provenance build.pull build.sbom build.secrets build.secrets.gid build.secrets.mode build.secrets.source
build.secrets.target build.secrets.uid build.shm_size build.ssh build.tags build.target build.ulimits build.ulimits.hard
build.ulimits.soft cap_add cap_drop cgroup cgroup_parent command configs configs.gid configs.mode configs.source
configs.target configs.uid container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset
credential_spec credential_spec.config credential_spec.file credential_spec.registry depends_on depends_on.condition depends_on.required
depends_on.restart deploy deploy.endpoint_mode deploy.labels deploy.mode deploy.placement deploy.placement.constraints
deploy.placement.max_replicas_per_node deploy.placement.preferences deploy.placement.preferences.spread deploy.replicas deploy.resources
deploy.resources.limits deploy.resources.limits.cpus deploy.resources.limits.memory deploy.resources.limits.pids
deploy.resources.reservations deploy.resources.reservations.cpus deploy.resources.reservations.devices
deploy.resources.reservations.devices.capabilities deploy.resources.reservations.devices.count
deploy.resources.reservations.devices.device_ids deploy.resources.reservations.devices.driver
deploy.resources.reservations.devices.options deploy.resources.reservations.generic_resources
deploy.resources.reservations.generic_resources.discrete_resource_spec
deploy.resources.reservations.generic_resources.discrete_resource_spec.kind
deploy.resources.reservations.generic_resources.discrete_resource_spec.value deploy.resources.reservations.memory deploy.restart_policy
deploy.restart_policy.condition deploy.restart_policy.delay deploy.restart_policy.max_attempts deploy.restart_policy.window
deploy.rollback_config deploy.rollback_config.delay deploy.rollback_config.failure_action deploy.rollback_config.max_failure_ratio
deploy.rollback_config.monitor deploy.rollback_config.order deploy.rollback_config.parallelism deploy.update_config
deploy.update_config.delay deploy.update_config.failure_action deploy.update_config.max_failure_ratio deploy.update_config.monitor
deploy.update_config.order deploy.update_config.parallelism develop device_cgroup_rules devices devices.permissions devices.source
devices.target dns dns_opt dns_search domainname entrypoint env_file env_file.format env_file.path env_file.required environment expose
extends extends.file extends.service external_links extra_hosts gpus gpus.capabilities gpus.count gpus.device_ids gpus.driver
gpus.options group_add healthcheck healthcheck.disable healthcheck.interval healthcheck.retries healthcheck.start_interval
healthcheck.start_period healthcheck.test healthcheck.timeout hostname image init ipc isolation label_file labels links logging
logging.driver logging.options mac_address mem_limit mem_reservation mem_swappiness memswap_limit models models.endpoint_var
models.model_var network_mode networks networks.aliases networks.driver_opts networks.gw_priority networks.interface_name
networks.ipv4_address networks.ipv6_address networks.link_local_ips networks.mac_address networks.priority oom_kill_disable oom_score_adj
pid pids_limit platform ports ports.app_protocol ports.host_ip ports.mode ports.name ports.protocol ports.published ports.target
post_start post_start.command post_start.environment post_start.privileged post_start.user post_start.working_dir pre_stop
pre_stop.command pre_stop.environment pre_stop.privileged pre_stop.user pre_stop.working_dir privileged profiles provider pull_policy
pull_refresh_after read_only restart runtime scale secrets secrets.gid secrets.mode secrets.source secrets.target secrets.uid
security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits ulimits.hard ulimits.soft
use_api_socket user userns_mode uts volumes volumes.bind volumes.bind.create_host_path volumes.bind.propagation volumes.bind.recursive
volumes.bind.selinux volumes.consistency volumes.image volumes.image.subpath volumes.read_only volumes.source volumes.target
volumes.tmpfs volumes.tmpfs.mode volumes.tmpfs.size volumes.type volumes.volume volumes.volume.labels volumes.volume.nocopy
volumes.volume.subpath volumes_from working_dir
`;

export const NETWORK_SCHEMA = `
attachable driver driver_opts enable_ipv4 enable_ipv6 external external.name internal ipam ipam.config ipam.config.aux_addresses
ipam.config.gateway ipam.config.ip_range ipam.config.subnet ipam.driver ipam.options labels name
`;

export const VOLUME_SCHEMA = `
driver driver_opts external external.name labels name
`;

export const FILE_SCHEMA = `
content driver driver_opts environment external external.name file labels name template_driver
`;

export const TOP_SCHEMA = `
configs include models name networks secrets services version volumes
`;
