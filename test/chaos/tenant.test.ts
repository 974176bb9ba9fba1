import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask } from '../../scripts/machine/engine-http.ts';
import { run, until } from '../../scripts/machine/processes.ts';
import type { Change } from '../support/git/git-repo.ts';
import { type BuiltAgent, builtAgent } from '../support/program/built-agent.ts';
import type { AgentProcess } from '../support/program/holdfast-process.ts';
import { type MemoryWatch, watchMemory } from '../support/program/memory-watch.ts';
import {
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  PATIENCE_MS,
  staying,
} from '../support/site/chaos-site.ts';
import { execIn, type Running, removeByHand } from '../support/site/site.ts';

/** Below each spoiling's own folder. The names of the last two are files of the state folder, and files that would show up in /etc. */
const FILES = ['site.conf', 'sub/memory.json', 'sub/holdfast-chaos.conf'] as const;

interface Spoiling {
  /** The container runs this in the spoiling's folder. `%o` is a folder of the host, `%s` the agent's state folder. */
  script: string;
  /** Somebody on the host does this, where the container has no tool for it. */
  byHand?: (folder: string) => Promise<unknown>;
  /** An error names this file, where it cannot be mended: it holds data, or the disk refuses. */
  named?: (typeof FILES)[number] | 'sub';
  /** Makes way for Git's file again. */
  undo?: (folder: string) => Promise<unknown>;
}

const clean = 'chmod -R u+rwx . 2>/dev/null; rm -rf site.conf sub; mkdir -p sub;';

const GROUPS: Record<string, Record<string, Spoiling>> = {
  'files that are none': {
    fifo: { script: `${clean} mkfifo site.conf sub/memory.json` },
    folder: { script: `${clean} mkdir site.conf sub/memory.json` },
    loop: { script: `${clean} ln -s site.conf site.conf; ln -s ../sub sub/memory.json` },
    device: {
      script: `${clean} mknod site.conf c 1 5; mknod sub/memory.json b 7 0; mknod sub/holdfast-chaos.conf c 5 0`,
    },
    socket: { script: clean, byHand: (folder) => leaveSocket(join(folder, 'site.conf')) },
  },
  'files of another size': {
    sparse: { script: `${clean} truncate -s 600M site.conf; truncate -s 3G sub/memory.json` },
    many: { script: `${clean} i=0; while [ $i -lt 40 ]; do truncate -s 8G sub/$i; i=$((i+1)); done` },
  },
  'links that lead out': {
    files: { script: `${clean} ln -s /etc/hostname site.conf; ln -s %o/memory.json sub/memory.json` },
    outside: { script: 'rm -rf sub; ln -s %o sub' },
    state: { script: 'rm -rf sub; ln -s %s sub' },
    etc: { script: 'rm -rf sub; ln -s /etc sub' },
    up: { script: 'rm -rf sub; ln -s ../../../.. sub' },
    hard: { script: `${clean} echo x > site.conf; ln site.conf sub/memory.json; ln site.conf sub/holdfast-chaos.conf` },
  },
  'names, depths and rights': {
    names: { script: `${clean} touch "sub/$(printf 'a\\nb\\033[31m\\r\\177')" "$(printf '\\377\\376')"` },
    deep: { script: `${clean} p=.; i=0; while [ $i -lt 200 ]; do p=$p/deep-and-deep; i=$((i+1)); done; mkdir -p $p` },
    rights: { script: `${clean} echo x > site.conf; chmod 0 site.conf sub; chown -R 4711 site.conf sub` },
  },
  'damage that only people can mend': {
    full: {
      script: 'test -d site.conf || { rm -f site.conf; mkdir site.conf; cd site.conf; seq 100000 | xargs touch; }',
      named: 'site.conf',
      undo: (folder) => run('rm', ['-rf', join(folder, 'site.conf')]),
    },
    file: {
      script: 'rm -rf sub; echo mine > sub',
      named: 'sub',
      undo: (folder) => run('rm', ['-f', join(folder, 'sub')]),
    },
    sticky: {
      script: 'chmod 1777 sub; chown -R 4711 sub',
      named: 'sub/memory.json',
      undo: (folder) => run('chown', ['-R', '0:0', join(folder, 'sub')]),
    },
    immutable: {
      script: ':',
      byHand: (folder) => run('chattr', ['+i', join(folder, 'site.conf')]),
      named: 'site.conf',
      undo: (folder) => run('chattr', ['-i', join(folder, 'site.conf')]),
    },
  },
};

/** A socket that nobody listens on any more. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await run('rm', ['-rf', path]);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  // Closing would take the file away.
  server.unref();
}

describeChaos('a container that spoils the files of Git it can write to', () => {
  let site: ChaosSite;
  let built: BuiltAgent;
  let agent: AgentProcess;
  let memory: MemoryWatch;
  let outside: string;
  let round = 0;

  const folderOf = (spoiling: string): string => join(site.filesDir, site.app('tenant'), 'conf', spoiling);
  const inTenant = (script: string): Promise<string> =>
    execIn(site.host, `${site.app('tenant')}-web-1`, ['sh', '-c', script]);
  const filesOf = (spoilings: readonly string[]): Change =>
    Object.fromEntries(
      spoilings.flatMap((name) =>
        FILES.map((file) => [`apps/${site.app('tenant')}/conf/${name}/${file}`, `${name} ${file} ${round}\n`]),
      ),
    );
  const neighbour = (): Change => app(site, 'next', staying({ web: { environment: { ROUND: String(round) } } }));

  const begins = async (): Promise<void> => {
    agent = await site.start({ command: built.command, env: built.env });
    memory = watchMemory(agent.pid);
  };
  /** It is told to, hears it, and has held no more memory than the image's container has. */
  const ends = async (): Promise<void> => {
    expect(await memory.peak()).toBeLessThan(built.memoryLimit);
    memory.stop();
    process.kill(agent.pid, 'SIGTERM');
    expect(await until(async () => agent.hasExited(), 60_000)).toBe(true);
    expect(await agent.exited).toEqual({ code: 0, signal: null });
  };

  const containerOf = async (short: string): Promise<Running> => {
    const [found] = (await site.containers()).filter(({ app: name }) => name === site.app(short));
    if (!found) throw new Error(`${short} has no container`);
    return found;
  };
  /** It runs in another container, and that one is left alone. */
  const isNew = (before: Running): Promise<Running[]> =>
    site.becomes(`${before.app} runs in a new container`, (found) => {
      const own = found.filter(({ app: name }) => name === before.app);
      return (
        own.length === 1 &&
        own.every(({ id, name, state }) => id !== before.id && name === before.name && state === 'running')
      );
    });
  /** The neighbour loses its container, and has another. */
  const heals = async (): Promise<void> => {
    const before = await containerOf('next');
    await removeByHand(site.host, before.name);
    expect((await ask(site.host, 'GET', `/containers/${before.id}/json`)).status).toBe(404);
    await isNew(before);
  };
  const spoil = async (group: Record<string, Spoiling>): Promise<void> => {
    for (const [name, { script, byHand }] of Object.entries(group)) {
      await inTenant(`cd /conf/${name}; ${script.replaceAll('%o', outside).replaceAll('%s', site.stateDir)}`);
      await byHand?.(folderOf(name));
    }
  };
  /** Git's files are there as this round's commit has them, each a file of its own. */
  const isMended = async (spoiling: string): Promise<boolean> => {
    for (const file of FILES) {
      const path = join(folderOf(spoiling), file);
      const stat = await lstat(path).catch(() => undefined);
      if (!stat?.isFile() || stat.nlink !== 1 || stat.size > 100) return false;
      if ((await readFile(path, 'utf8')) !== `${spoiling} ${file} ${round}\n`) return false;
    }
    return !(await lstat(join(folderOf(spoiling), 'sub'))).isSymbolicLink();
  };
  const areMended = async (spoilings: readonly string[]): Promise<void> => {
    const left = async (): Promise<string[]> => {
      const mended = await Promise.all(spoilings.map(isMended));
      return spoilings.filter((_, i) => !mended[i]);
    };
    if (await until(async () => (await left()).length === 0, PATIENCE_MS)) return;
    const said = (await site.log()).slice(-25).map(({ level, message }) => `${level} ${message}`);
    throw new Error(`not mended: ${await left()}\n${said.join('\n')}`);
  };
  /** Checks that nothing was written or removed outside of its folder, whatever it did. */
  const nothingElseChanged = async (): Promise<void> => {
    expect((await readdir(outside)).sort()).toEqual(['holdfast-chaos.conf', 'kept', 'memory.json']);
    for (const name of ['holdfast-chaos.conf', 'memory.json'])
      expect(await readFile(join(outside, name), 'utf8')).toBe('the host');
    expect(await readdir(join(outside, 'kept'))).toEqual(['file']);
    expect(JSON.parse(await readFile(join(site.stateDir, 'memory.json'), 'utf8'))).toBeInstanceOf(Object);
    const elsewhere = ['/etc', site.stateDir, site.filesDir, site.dir, join(site.filesDir, site.app('tenant'))];
    for (const folder of elsewhere) expect(await readdir(folder)).not.toContain('holdfast-chaos.conf');
    expect(await readdir('/etc')).not.toContain('memory.json');
  };

  beforeAll(async () => {
    [site, built] = await Promise.all([chaosSite(), builtAgent()]);
    outside = join(site.dir, 'outside');
    await mkdir(join(outside, 'kept'), { recursive: true });
    for (const name of ['holdfast-chaos.conf', 'memory.json', 'kept/file'])
      await writeFile(join(outside, name), 'the host');
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'tenant', staying({ web: { volumes: ['./conf:/conf'] } })),
      ...filesOf([...Object.values(GROUPS).flatMap((group) => Object.keys(group)), 'swapped', 'dropped']),
      ...neighbour(),
    });
    await begins();
    await site.becomes('both run', (found) => found.filter(({ state }) => state === 'running').length === 2);
  }, 60_000);
  afterAll(async () => {
    memory?.stop();
    // Else it could not be removed, where its test failed.
    if (site) await run('chattr', ['-R', '-i', folderOf('immutable')]).catch(() => '');
    await site?.close();
    await built?.remove();
  }, 60_000);

  test.each(Object.entries(GROUPS))(
    '%s: the neighbour heals and follows Git, each file is mended or named',
    async (_, group) => {
      await spoil(group);
      await heals();
      await ends();
      await begins();

      // Again, so that a commit meets what the drift's repair has met before.
      await spoil(group);
      round += 1;
      const [before, spoiler] = [await containerOf('next'), await containerOf('tenant')];
      const from = (await site.log()).length;
      await site.repo.commit({ ...filesOf(Object.keys(group)), ...neighbour() });
      await isNew(before);
      const named = Object.entries(group).filter(([, { named: file }]) => file !== undefined);
      for (const [name, { named: file }] of named) {
        const { level, message } = await site.sees(new RegExp(`failed: .*/conf/${name}/${file}\\b`), { from });
        expect([level, message]).toEqual(['warn', expect.not.stringMatching(/\p{Cc}/u)]);
      }
      await areMended(Object.keys(group).filter((name) => group[name]?.named === undefined));
      await nothingElseChanged();

      if (named.length > 0) {
        for (const [name, { undo }] of named) await undo?.(folderOf(name));
        round += 1;
        await site.repo.commit(filesOf(Object.keys(group)));
        await areMended(Object.keys(group));
      }
      // With other files of Git it is replaced.
      await isNew(spoiler);
    },
  );

  test('a folder that is swapped for a link without end, while commits come', async () => {
    // A container that is stopped after the mkdir leaves an empty folder; the next one would put its link into it, which is data.
    const loop = `trap 'exit 0' TERM; cd /conf/swapped; while [ ! -e /conf/enough ]; do
      rm -rf sub; ln -s ${outside} sub; rm -f sub; ln -s ${site.stateDir} sub; rm -f sub; mkdir sub; echo x > sub/memory.json;
      rm -rf site.conf; ln -s /etc/holdfast-chaos.conf site.conf; rm -f site.conf; mkdir site.conf; rmdir site.conf; mkfifo site.conf;
    done; touch /conf/ended; exec stay`;
    const looping = staying({ web: { volumes: ['./conf:/conf'], command: ['sh', '-c', loop.replaceAll('$', '$$')] } });
    for (let i = 0; i < 4; i += 1) {
      round += 1;
      const before = await containerOf('next');
      await site.repo.commit({ ...app(site, 'tenant', looping), ...filesOf(['swapped']), ...neighbour() });
      await isNew(before);
      await heals();
    }
    await ends();
    await nothingElseChanged();
    await begins();
    await writeFile(folderOf('enough'), '');
    expect(await until(async () => (await readdir(folderOf(''))).includes('ended'), PATIENCE_MS)).toBe(true);
    round += 1;
    await site.repo.commit(filesOf(['swapped']));
    await areMended(['swapped']);
    await nothingElseChanged();
  });

  test('a file that Git drops is removed from its folder alone, wherever that leads by now', async () => {
    const gone = FILES.map((file) => `apps/${site.app('tenant')}/conf/dropped/${file}`);
    // As Git had it, so that it would be taken for Git's own.
    const content = await readFile(join(folderOf('dropped'), 'sub/memory.json'), 'utf8');
    for (const name of ['memory.json', 'holdfast-chaos.conf']) await writeFile(join(outside, name), content);
    await rm(join(folderOf('dropped'), 'sub'), { recursive: true });
    await symlink(outside, join(folderOf('dropped'), 'sub'));
    round += 1;
    const before = await containerOf('next');
    await site.repo.commit({ ...Object.fromEntries(gone.map((path) => [path, null])), ...neighbour() });
    await isNew(before);
    const isGone = async (): Promise<boolean> => !(await readdir(folderOf('dropped'))).includes('site.conf');
    expect(await until(isGone, PATIENCE_MS)).toBe(true);
    for (const name of ['memory.json', 'holdfast-chaos.conf'])
      expect(await readFile(join(outside, name), 'utf8')).toBe(content);
    await heals();
    await ends();
  });
});
