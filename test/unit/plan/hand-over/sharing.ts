import type { DesiredApp } from '../../../../src/model/state.ts';
import { automated, site } from '../../../support/site/site-builder.ts';

export const port = (HostPort: string) => ({ PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort }] });

/** A site whose one app does not prune. */
export const unpruned = (wanted: DesiredApp) => site({ ...wanted, sync: automated({ prune: false }) });

export const forward = (lines: string[]): string[] => lines.filter((line) => !line.includes('only if'));
