import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that stands for the `/` of a host, with devices that come and go: --host-root. */
export interface HostFolder {
  root: string;
  /** `/dev/ttyUSB0`: a node of that path is there from now on. */
  plug(path: string): Promise<void>;
  unplug(path: string): Promise<void>;
  remove(): Promise<void>;
}

/** A machine always has /dev/null: an empty /dev would mean that nothing is mounted there. */
export async function hostFolder(): Promise<HostFolder> {
  const root = await mkdtemp(join(tmpdir(), 'hf-host-'));
  const host: HostFolder = {
    root,
    async plug(path) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      execFileSync('mknod', [join(root, path), 'c', '1', '3']);
    },
    unplug: (path) => rm(join(root, path)),
    remove: () => rm(root, { recursive: true }),
  };
  await host.plug('/dev/null');
  return host;
}
