import { type ComposeSettings, composeSettings } from '../compose/load/settings.ts';
import { textsOf } from '../compose/load/values/decrypted-variables.ts';
import { parseDotenv } from '../compose/load/values/dotenv.ts';
import { settingIn } from '../fleet/compose-files.ts';
import { utf8 } from '../lib/text/utf8.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** The snapshot without the settings of `docker compose` in its `.env`, and those settings. In a config repo the Application has them. */
export async function withoutSettings(snapshot: Snapshot): Promise<{ snapshot: Snapshot; settings: ComposeSettings }> {
  const file = await snapshot.read('.env');
  const text = file ? utf8(file.content, '.env') : '';
  const lines = text.split('\n');
  if (!file || !lines.some((line) => settingIn(line) !== undefined)) return { snapshot, settings: {} };
  const kept = lines.filter((line) => settingIn(line) === undefined).join('\n');
  return {
    snapshot: {
      ...snapshot,
      read: async (path) =>
        path === '.env' ? { ...file, content: new TextEncoder().encode(kept) } : snapshot.read(path),
    },
    settings: composeSettings(textsOf(parseDotenv(text, '.env', () => undefined))),
  };
}
