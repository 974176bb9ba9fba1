import { describe, expect, test } from '@jest/globals';
import { compileApp } from '../../../../src/compose/compile-app.ts';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { recordSnapshot, replaySnapshot } from '../../../../src/source/recording.ts';
import { compile, memorySnapshot, placedApp, problemsOf, serviceProblems, serviceText, specOf } from '../support.ts';

const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content);

describe('files of Git that services bind', () => {
  const files = { 'conf/a.txt': 'a', 'conf/sub/run.sh': { exec: 'b' }, 'other.txt': 'c' };

  test('lie below the app on the site, with mode and digest', async () => {
    const app = await compile(serviceText('volumes: ["./conf:/etc/conf:ro"]'), { files });
    expect(app.files.map(({ path, mode, content }) => [path, mode, text(content)])).toEqual([
      ['/files/app/conf/a.txt', 0o644, 'a'],
      ['/files/app/conf/sub/run.sh', 0o755, 'b'],
    ]);
    expect(app.files[0]?.digest).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
  });

  test("a container's digest changes with the files it binds and with no others", async () => {
    const digest = async (changes: Record<string, string>) => {
      const app = await compile(serviceText('volumes: ["./conf:/c"]'), { files: { ...files, ...changes } });
      return app.services[0]?.containers[0]?.filesDigest;
    };
    const before = await digest({});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await digest({ 'other.txt': 'changed' })).toBe(before);
    expect(await digest({ 'conf/a.txt': 'changed' })).not.toBe(before);
    expect((await compile(serviceText(''))).services[0]?.containers[0]?.filesDigest).toBe('');
  });

  test('a path that Git does not have is left to the site', async () => {
    const app = await compile(serviceText('volumes: ["./data:/d"]'), { files });
    expect(app.files).toEqual([]);
    expect(app.services[0]?.containers[0]?.spec.Mounts).toEqual([
      { Type: 'bind', Source: '/files/app/data', Target: '/d' },
    ]);
  });

  test('are found in the folder of the Application, and projectDirectory says where they go', async () => {
    const snapshot = memorySnapshot({
      'apps/web/compose.yaml': serviceText('volumes: ["./f:/f"]'),
      'apps/web/f': 'x',
      f: 'no',
    });
    const app = placedApp({ folder: 'apps/web', compose: ['apps/web/compose.yaml'], projectDirectory: '/srv/web/' });
    const compiled = await compileApp(app, 'shop', snapshot, { filesDir: '/files' });
    expect(compiled.files.map(({ path, content }) => [path, text(content)])).toEqual([['/srv/web/f', 'x']]);
  });

  describe('relative paths of an app whose Compose file is in a subfolder', () => {
    const snapshot = memorySnapshot({
      'apps/web/deploy/compose.yaml': serviceText('volumes: ["./f:/f", "../common:/c"]\nhostname: ${WHO}'),
      'apps/web/deploy/f': 'deep',
      'apps/web/deploy/.env': 'WHO=deep',
      'apps/web/f': 'top',
      'apps/web/.env': 'WHO=top',
      'apps/web/common/x': 'x',
    });
    const app = placedApp({ folder: 'apps/web', compose: ['apps/web/deploy/compose.yaml'] });
    const filesOf = async (changes: Partial<typeof app>) => {
      const compiled = await compileApp({ ...app, ...changes }, 'shop', snapshot, { filesDir: '/files' });
      const [service] = compiled.services;
      return {
        directory: compiled.directory,
        who: service?.containers[0]?.spec.Hostname,
        sources: service?.containers[0]?.spec.Mounts?.map(({ Source }) => Source),
        files: compiled.files.map(({ path }) => path),
      };
    };

    test("resolve in that file's folder, with its .env", async () => {
      expect(await filesOf({})).toEqual({
        directory: '/files/app/deploy',
        who: 'deep',
        sources: ['/files/app/common', '/files/app/deploy/f'],
        files: ['/files/app/common/x', '/files/app/deploy/f'],
      });
    });

    test("the app gets a copy of Git's files outside of its folder", async () => {
      expect(await filesOf({ folder: 'apps/web/deploy' })).toMatchObject({
        sources: ['/files/app/.repo/apps/web/common', '/files/app/f'],
        files: ['/files/app/.repo/apps/web/common/x', '/files/app/f'],
      });
    });

    test('lie around a project directory elsewhere on the site as they do in the repo', async () => {
      expect(await filesOf({ projectDirectory: '/srv/web' })).toMatchObject({
        directory: '/srv/web',
        sources: ['/srv/common', '/srv/web/f'],
        files: ['/srv/common/x', '/srv/web/f'],
      });
      const adopted = { adopt: true, adoptedDirectory: '/srv/stack/deploy' };
      expect(await filesOf(adopted)).toMatchObject({ sources: ['/srv/stack/common', '/srv/stack/deploy/f'] });
    });
  });

  test.each([
    ['./link:/l', 'compose.yaml:4:15: link is a symbolic link, and Holdfast follows no links'],
    ['./dir:/l', 'compose.yaml:4:15: dir/link is a symbolic link, and Holdfast follows no links'],
    ['./link/x:/l', 'compose.yaml:4:15: link is a symbolic link, and Holdfast follows no links'],
  ])('links are refused: %s', async (mount, problem) => {
    const linked = { link: { link: '/etc/passwd' }, 'dir/link': { link: 'x' } };
    expect(await problemsOf(compile(serviceText(`volumes: ["${mount}"]`), { files: linked }))).toBe(problem);
  });

  test('large ones are refused', async () => {
    const large = (bytes: number, options = {}) =>
      compile(serviceText('volumes: ["./big:/b"]'), { files: { big: new Uint8Array(bytes) }, options });
    const hint = '(put the file on each site and write its absolute path, or raise --max-file-bytes there)';
    expect((await large(32 * 1024 * 1024)).files).toHaveLength(1);
    expect(await problemsOf(large(32 * 1024 * 1024 + 1))).toBe(
      `compose.yaml:4:15: big is larger than 32 MiB, the limit for one file ${hint}`,
    );
    expect(await problemsOf(large(1025, { maxFileBytes: 1024 }))).toMatch(/big is larger than 1024 bytes/);
  });

  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1\n`;
  const whatToDo =
    'a site gets no more of it than its pointer (commit the file itself (git lfs untrack, then git add --renormalize), or lay it on each site and write its absolute path)';

  test.each([
    ['volumes: ["./f:/f"]', 'compose.yaml:4:15'],
    ['volumes: ["./d:/f"]', 'compose.yaml:4:15', 'd/f'],
    ['env_file: f', 'compose.yaml:4:15'],
    ['label_file: f', 'compose.yaml:4:17'],
    ['security_opt: ["seccomp=f"]', 'compose.yaml:4:5'],
    ['extends: {file: f, service: s}', 'compose.yaml:4:21'],
    ['configs: [c]', 'compose.yaml:7:11', 'f', 'configs:\n  c:\n    file: ./f\n'],
    ['secrets: [c]', 'compose.yaml:7:11', 'f', 'secrets:\n  c:\n    file: ./f\n'],
  ])('a pointer of Git LFS is refused where it is named: %s', async (keys, place, file = 'f', more = '') => {
    const found = await serviceProblems(keys, { files: { [file]: pointer }, more });
    expect(found).toContain(`${file} is kept by Git LFS, and ${whatToDo}`);
    expect(found.split(': ')[0]).toBe(place);
  });

  test('a file encrypted by git-crypt is refused, too', async () => {
    expect(
      await serviceProblems('volumes: ["./f:/f"]', { files: { f: Buffer.from('\0GITCRYPT\0\xff', 'latin1') } }),
    ).toBe(
      'compose.yaml:4:15: f is encrypted by git-crypt, and a site has no key of it (lay it on each site and write its absolute path, or give its values in the file of --values)',
    );
  });

  test('the recording of a lone app has all files that its .env names', async () => {
    const files = {
      '.env': 'COMPOSE_FILE=deploy/a.yml\nCOMPOSE_PROJECT_NAME=shop\n',
      'deploy/.env': 'TAG=1\n',
      'deploy/a.yml': 'services: {s: {image: "x:${TAG}"}}\n',
    };
    const { apps } = await placeSite(memorySnapshot(files), {});
    const [app] = apps;
    if (!app) throw new Error('no app');
    const recording = recordSnapshot(memorySnapshot(files));
    const first = await compileApp(app, 'shop', recording.snapshot, { filesDir: '/files' });
    const { origin, revision } = recording.snapshot;
    const again = replaySnapshot(revision, origin, recording.recorded());
    expect(await compileApp(app, 'shop', again, { filesDir: '/files' })).toEqual(first);
    expect([first.name, first.services[0]?.containers[0]?.spec.Image]).toEqual(['shop', 'x:1']);
  });

  test.each([
    ['env_file: f', 'f'],
    ['label_file: f', 'f'],
    ['extends: {file: f, service: s}', 'f'],
    ['', '.env'],
  ])('a byte that is no UTF-8 is refused at its place: %s in %s', async (keys, file) => {
    const content = Buffer.concat([Buffer.from('A: x\nä: ü'), Buffer.from([0xe9]), Buffer.from('\n')]);
    expect(await serviceProblems(keys, { files: { [file]: content } })).toBe(
      `${file}:2:5: the file is not UTF-8 text from here on (save it as UTF-8)`,
    );
  });

  test('a seccomp profile is read for the engine', async () => {
    const spec = await specOf('security_opt: ["seccomp=./s.json"]', { files: { 's.json': '{ "a": [1] }\n' } });
    expect(spec.SecurityOpt).toEqual(['seccomp={"a":[1]}']);
  });
});

describe('configs and secrets', () => {
  const more =
    'configs: {c: {content: "hello ${HOLDFAST_SITE}"}, f: {file: ./f.txt}}\nsecrets: {k: {environment: KEY}}\n';
  const extras = { more, files: { 'f.txt': 'f' }, options: { localValues: { KEY: 'hunter2' } } };

  test('with content are put into the container', async () => {
    const spec = await specOf(
      'configs: [c]\nsecrets: [{source: k, target: key, uid: "5", gid: "6", mode: 0400}]',
      extras,
    );
    expect(spec.Files?.map((file) => ({ ...file, content: text(file.content) }))).toEqual([
      { path: '/c', content: 'hello shop', mode: 0o444, uid: 0, gid: 0 },
      { path: '/run/secrets/key', content: 'hunter2', mode: 0o400, uid: 5, gid: 6 },
    ]);
  });

  test('with a file are bound, read-only', async () => {
    const app = await compile(`${serviceText('configs: [{source: f, target: /etc/f}]')}${more}`, extras);
    expect(app.services[0]?.containers[0]?.spec.Mounts).toEqual([
      { Type: 'bind', Source: '/files/app/f.txt', Target: '/etc/f', ReadOnly: true, MustExist: true },
    ]);
    expect(app.files.map(({ path }) => path)).toEqual(['/files/app/f.txt']);
  });

  test.each([
    [
      'configs: [c]\nread_only: true',
      more,
      '4:15: a read-only service cannot have the config c, because it has no file (use file)',
    ],
    ['secrets: [k]\ntmpfs: /run', more, '4:15: the tmpfs at /run would hide the secret k'],
    ['', 'configs: {c: {}}', '4:11: c needs one of file, content and environment'],
    ['', 'configs: {c: {file: a, content: b}}', '4:11: c needs one of file, content and environment'],
    [
      'configs: [c]',
      'configs: {c: {content: ""}}',
      '5:11: the content of the config c is empty; Docker Compose would create no file',
    ],
    [
      '',
      'secrets: {k: {external: true}}',
      '4:15: external is not supported: it is for Swarm; only Swarm stores such objects in the engine',
    ],
  ])('%s %s', async (keys, top, problem) => {
    const file = keys === '' ? 'services:\n  s:\n    image: busybox\n' : serviceText(keys);
    expect(await problemsOf(compile(`${file}${top}`, { ...extras }))).toBe(`compose.yaml:${problem}`);
  });
});
