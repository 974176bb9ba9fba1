import { spawn } from 'node:child_process';
import { InputError, SourceError } from '../../lib/errors.ts';
import type { GitObject, ObjectType } from '../objects/git-object.ts';
import { isCommitId } from '../refs.ts';
import type { CloneStorage } from './clone-storage.ts';
import { git, gitWord } from './git-program.ts';

/** A clone that only the `git` program can read; `obstacle` says why. Throws InputError where this machine has no such program. */
export async function programClone(dir: string, obstacle: string): Promise<CloneStorage> {
  const version = await gitWord(dir, ['--version']).catch(() => undefined);
  if (version === undefined)
    throw InputError.of(`${dir} can only be read with the program git, which this machine lacks: ${obstacle}`);
  if ((await gitWord(dir, ['rev-parse', '--show-object-format'])) === 'sha256')
    throw new SourceError('protocol', `${dir} uses SHA-256 object names, which Holdfast cannot read yet`);
  const objects = catFile(dir);
  return {
    async refs(prefixes) {
      const listed = await git(dir, ['for-each-ref', '--format=%(refname) %(objectname)']);
      return listed
        .toString('utf8')
        .split('\n')
        .flatMap((line) => {
          const [name = '', oid = ''] = line.split(' ');
          return isCommitId(oid) && prefixes.some((prefix) => name.startsWith(prefix)) ? { name, oid } : [];
        });
    },
    branch: () => gitWord(dir, ['symbolic-ref', '-q', 'HEAD']),
    head: () => gitWord(dir, ['rev-parse', '-q', '--verify', 'HEAD^{commit}']),
    isShallow: async () => (await gitWord(dir, ['rev-parse', '--is-shallow-repository'])) === 'true',
    find: objects.find,
    expand: (digits) => gitWord(dir, ['rev-parse', '-q', '--verify', digits]),
    async storeTag(content, ref) {
      const oid = (await git(dir, ['hash-object', '-t', 'tag', '-w', '--stdin'], content)).toString('utf8').trim();
      await git(dir, ['update-ref', ref, oid]);
      return oid;
    },
    close: objects.close,
  };
}

/** One `git cat-file --batch` for all objects, asked one after another. Source: git-cat-file(1), "BATCH OUTPUT". */
function catFile(dir: string) {
  let child: ReturnType<typeof start> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const start = () => {
    // Objects are wanted as their names say, and not as `git replace` shows them.
    const env = { ...process.env, GIT_NO_REPLACE_OBJECTS: '1' };
    const started = spawn('git', ['cat-file', '--batch'], { cwd: dir, env, stdio: ['pipe', 'pipe', 'ignore'] });
    started.stdin.on('error', () => {});
    started.on('error', () => {});
    return { started, output: started.stdout[Symbol.asyncIterator](), rest: Buffer.alloc(0) };
  };

  const ask = async (oid: string): Promise<GitObject | undefined> => {
    child ??= start();
    const running = child;
    const more = async (): Promise<void> => {
      const { value, done } = await running.output.next();
      if (done) throw new SourceError('protocol', `git cat-file ended while it read object ${oid}`);
      running.rest = Buffer.concat([running.rest, value as Buffer]);
    };
    running.started.stdin.write(`${oid}\n`);
    while (!running.rest.includes('\n')) await more();
    const end = running.rest.indexOf('\n');
    const [, type, size] = running.rest.toString('latin1', 0, end).split(' ');
    running.rest = running.rest.subarray(end + 1);
    if (size === undefined) return undefined;
    const length = Number(size);
    const parts: Buffer[] = [];
    for (let bytes = 0; bytes <= length; ) {
      if (running.rest.length === 0) await more();
      const part = running.rest.subarray(0, length + 1 - bytes);
      parts.push(part);
      bytes += part.length;
      running.rest = running.rest.subarray(part.length);
    }
    return { type: type as ObjectType, content: Buffer.concat(parts).subarray(0, length) };
  };

  return {
    find(oid: string): Promise<GitObject | undefined> {
      const answer = turn.then(() => ask(oid));
      turn = answer.catch(() => undefined);
      return answer;
    },
    close: () => child?.started.kill(),
  };
}
