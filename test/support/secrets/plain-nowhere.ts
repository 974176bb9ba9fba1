import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import type { ChaosSite } from '../site/chaos-site.ts';

/** Secrets in plain text, by a name for them. */
type Plain = Readonly<Record<string, string>>;

/** Fails, with the names of secrets, where a text has one. */
export function expectNone(plain: Plain, where: string, text: string): void {
  const found = Object.entries(plain).filter(([, secret]) => text.includes(secret));
  expect([where, found.map(([name]) => name)]).toEqual([where, []]);
}

/** Fails where a secret is in anything that the agent wrote, or that the engine shows of containers besides their environment. */
export async function expectNowhere(
  site: Pick<ChaosSite, 'logFile' | 'stateDir' | 'filesDir' | 'host' | 'containers'>,
  plain: Plain,
): Promise<void> {
  expectNone(plain, 'the log', await readFile(site.logFile, 'utf8'));
  for (const dir of [site.stateDir, site.filesDir]) {
    for (const one of await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => [])) {
      if (one.isFile()) expectNone(plain, one.name, await readFile(join(one.parentPath, one.name), 'latin1'));
    }
  }
  for (const { id } of await site.containers()) {
    const shown = JSON.parse(await mustAsk(site.host, 'GET', `/containers/${id}/json`));
    // The engine keeps the environment of a container, and shows it.
    shown.Config.Env = [];
    expectNone(plain, 'inspect', JSON.stringify(shown));
  }
}
