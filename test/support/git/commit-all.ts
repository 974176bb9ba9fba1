import type { GitRepo } from './git-repo.ts';

/** Many files in one commit, by one process. */
export async function commitAll(
  repo: GitRepo,
  files: Record<string, string>,
  { from = 'main', remove = [] }: { from?: string | null; remove?: readonly string[] } = {},
): Promise<string> {
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const parent = from && (await repo.git(['rev-parse', '-q', '--verify', from]).catch(() => null));
  const head = `commit refs/heads/main\ncommitter Test <test@example.org> 1700000000 +0000\n${data('Change')}`;
  const lines = [
    ...remove.map((path) => `D ${path}\n`),
    ...Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`),
  ];
  await repo.git(
    ['fast-import', '--quiet', '--force'],
    `${head}${parent ? `from ${parent}\n` : ''}${lines.join('')}\n`,
  );
  return repo.git(['rev-parse', 'main']);
}
