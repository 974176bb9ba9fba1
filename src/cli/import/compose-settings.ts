import { utf8 } from '../../lib/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** Settings of `docker compose` itself that its `.env` held. In a config repo the Application says the same. */
export interface ComposeSettings {
  name?: string;
  files?: string[];
  profiles?: string[];
}

const SETTING = /^[ \t]*(?:export[ \t]+)?(COMPOSE_[A-Z_]+)[ \t]*=(.*)$/;

/** The snapshot with a `.env` that holds none of them, and what they said. */
export async function withoutSettings(snapshot: Snapshot): Promise<{ snapshot: Snapshot; settings: ComposeSettings }> {
  const file = await snapshot.read('.env');
  const lines = file ? utf8(file.content, '.env').split('\n') : [];
  const found = new Map(
    lines.flatMap((line) => {
      const [, name, value = ''] = SETTING.exec(line) ?? [];
      return name ? [[name, value.trim().replace(/^(['"])(.*)\1$/, '$2')] as const] : [];
    }),
  );
  if (!file || found.size === 0) return { snapshot, settings: {} };
  const kept = lines.filter((line) => !SETTING.test(line)).join('\n');
  const separator = found.get('COMPOSE_PATH_SEPARATOR') || ':';
  return {
    snapshot: {
      ...snapshot,
      read: async (path) =>
        path === '.env' ? { ...file, content: new TextEncoder().encode(kept) } : snapshot.read(path),
    },
    settings: {
      ...(found.get('COMPOSE_PROJECT_NAME') && { name: found.get('COMPOSE_PROJECT_NAME') as string }),
      ...listOf('files', found.get('COMPOSE_FILE'), separator),
      ...listOf('profiles', found.get('COMPOSE_PROFILES'), ','),
    },
  };
}

const listOf = (key: 'files' | 'profiles', text: string | undefined, separator: string): ComposeSettings =>
  text ? { [key]: text.split(separator).filter(Boolean) } : {};
