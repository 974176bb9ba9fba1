/** What an agent says of its site. The three axes are Argo CD's. */
export interface SiteStatus {
  site: string;
  /** Last seen at the source, and last accepted; they differ while a revision is refused. */
  lastAttempted: string;
  lastAccepted: string;
  /** Why the source does not answer, in words; absent when it does. */
  sourceError?: string;
  apps: AppStatus[];
}

export interface AppStatus {
  name: string;
  revision: string;
  sync: 'Synced' | 'OutOfSync' | 'Unknown';
  health: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
  operation: 'Idle' | 'Running' | 'Waiting' | 'Failed';
  /** What is wrong or awaited, in words. */
  message: string;
}
