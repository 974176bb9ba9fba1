import { git, gitWord, runProgram } from '../../git/clone/git-program.ts';
import { InputError, messageOf, SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import { succeed } from '../../trust/trust.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { Evidence } from '../../trust/verify/verification.ts';
import { readTrust } from './trust-file.ts';

/** What there is to judge by in a clone on this machine. `file` is where trust.yaml lies in it. */
export function localEvidence(dir: string, file: string): Evidence {
  const object = async (oid: string, type: string): Promise<Buffer> => {
    const { code, stdout } = await runProgram('git', ['cat-file', type, oid], dir);
    if (code !== 0) throw new SourceError('notFound', `this clone has no ${type} ${shortRevision(oid)}`);
    return stdout;
  };
  return {
    object,
    async history(tip, known) {
      const there: string[] = [];
      for (const oid of known) if ((await gitWord(dir, ['cat-file', '-t', oid])) === 'commit') there.push(`^${oid}`);
      const listed = await git(dir, ['rev-list', tip, ...there]);
      const oids = listed
        .toString('utf8')
        .split('\n')
        .filter((oid) => oid !== '');
      if (oids.length === 0) throw new SourceError('notFound', `${shortRevision(tip)} holds nothing new`);
      return oids.map((oid) => ({ oid, content: () => object(oid, 'commit') }));
    },
    async folder(commit, path) {
      const { code, stdout } = await runProgram('git', ['ls-tree', '-z', `${commit}:${path}`], dir);
      if (code !== 0) return undefined;
      const entries = stdout
        .toString('utf8')
        .split('\0')
        .filter((line) => line !== '');
      return new Map(
        entries.map((line) => {
          const [head = '', name = ''] = line.split('\t');
          const [mode = '', type = '', oid = ''] = head.split(' ');
          return [name, type === 'tree' ? `dir ${oid}` : `${mode} ${oid}`];
        }),
      );
    },
    async trustAt(commit, current) {
      const { code, stdout } = await runProgram('git', ['cat-file', 'blob', `${commit}:${file}`], dir);
      if (code !== 0) return undefined;
      try {
        return succeed(current, await readTrust(utf8(stdout, file), file));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        throw new TrustError('trustChanged', messageOf(error), { cause: error });
      }
    },
  };
}
