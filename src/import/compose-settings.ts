import { type ComposeSettings, composeSettings } from '../compose/load/settings.ts';
import { parseDotenv } from '../compose/load/values/dotenv.ts';
import { dotenvLine } from '../fleet/compose-files.ts';
import { utf8 } from '../lib/text/utf8.ts';
import type { Snapshot } from '../model/snapshot.ts';

const SETTING = dotenvLine('COMPOSE_[A-Z_]+');

/** Takes the settings of `docker compose` out of `.env`, since in a config repo the Application says the same. Gives the snapshot without them, and them. */
export async function withoutSettings(snapshot: Snapshot): Promise<{ snapshot: Snapshot; settings: ComposeSettings }> {
  const file = await snapshot.read('.env');
  const text = file ? utf8(file.content, '.env') : '';
  const lines = text.split('\n');
  if (!file || !lines.some((line) => SETTING.test(line))) return { snapshot, settings: {} };
  const kept = lines.filter((line) => !SETTING.test(line)).join('\n');
  return {
    snapshot: {
      ...snapshot,
      read: async (path) =>
        path === '.env' ? { ...file, content: new TextEncoder().encode(kept) } : snapshot.read(path),
    },
    settings: composeSettings(parseDotenv(text, '.env', () => undefined)),
  };
}
