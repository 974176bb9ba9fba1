/**
 * Habits of single engines that the rest of Holdfast must allow for. A dialect names those of its engine (engine/dialects/); no other code asks which
 * engine it is. Those without a version were measured on Podman 4.3.
 */
export type Quirk =
  /** Its API lacks the keys that requirements.ts lists, whatever version it speaks. */
  | 'lacksLaterKeys'
  /** No event tells that a network came or went. */
  | 'hidesNetworkEvents'
  /** It remembers a connection to a network that it then refuses, and afterwards answers no inspect and no list. */
  | 'keepsRefusedConnections'
  /** It splits the words of a health check's test at every blank. */
  | 'splitsHealthTests'
  /** It names neither capabilities nor devices of a privileged container. */
  | 'hidesPrivileges'
  /** It does not report what a device is allowed to do. */
  | 'hidesDevicePermissions'
  /** It sets PATH where the image has none. */
  | 'setsPath'
  /** It reports no exposed ports of a container that has no network. */
  | 'hidesUnreachablePorts'
  /** Where it was to choose a host port it reports the chosen one as if it had been asked for. */
  | 'reportsChosenPorts'
  /** It reports only source, target, propagation and `ReadOnly` of a mount. */
  | 'hidesMountOptions'
  /** A bind that has options must exist, whatever is asked for: Docker before API 1.42. */
  | 'bindsMustExist'
  /** It writes out the flags of a tmpfs that it always sets, and adds some to a read-only container. */
  | 'reportsOwnTmpfs'
  /** It answers paths that name no version of the API in its own way. */
  | 'readsUnversionedPaths'
  /** It reports mounts that come from other containers as if they had been asked for. */
  | 'reportsBorrowedMounts';
