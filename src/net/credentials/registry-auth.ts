import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type HoldfastError, messageOf } from '../../lib/errors.ts';
import { runProgram } from '../../lib/program.ts';

type Environment = Record<string, string | undefined>;
/** Makes the caller's kind of error; the sentence holds no secret. */
type Failure = (sentence: string, options?: ErrorOptions) => HoldfastError;

/** The credentials for a registry. */
export type RegistryAuth =
  | { username: string; password: string; serveraddress: string }
  | { identitytoken: string; serveraddress: string };

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** The name under which Docker Hub's credentials have been kept since its first version. */
const HUB = 'https://index.docker.io/v1/';

/**
 * The credentials for a registry, from the docker client's config.json (in DOCKER_CONFIG, else ~/.docker) and the helpers it names; undefined
 * for none. Read each time, since tokens expire and files are replaced. Throws what `failure` makes.
 */
export async function registryAuth(
  registry: string,
  environment: Environment,
  failure: Failure,
): Promise<RegistryAuth | undefined> {
  const path = join(environment.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
  const config = await readConfig(path, failure);
  if (!config) return undefined;
  const serveraddress = registry === 'docker.io' ? HUB : registry;
  const helper = config.credHelpers?.[registry] ?? config.credHelpers?.[serveraddress] ?? config.credsStore;
  const fromHelper = helper ? await askHelper(helper, serveraddress, environment, failure) : undefined;
  return fromHelper ?? fromFile(config, registry, serveraddress);
}

async function readConfig(path: string, failure: Failure): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure(`the registry credentials in ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text) as DockerConfig;
  } catch {
    // The parser's own words quote the file.
    throw failure(`the registry credentials in ${path} are not JSON`);
  }
}

function fromFile({ auths }: DockerConfig, registry: string, serveraddress: string): RegistryAuth | undefined {
  const found = Object.entries(auths ?? {}).find(([key]) => key === serveraddress || hostOf(key) === registry)?.[1];
  if (!found) return undefined;
  if (found.identitytoken) return { identitytoken: found.identitytoken, serveraddress };
  const [username = '', ...rest] = Buffer.from(found.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const password = rest.join(':').replace(/\0+$/, '');
  if (username) return { username, password, serveraddress };
  return found.username ? { username: found.username, password: found.password ?? '', serveraddress } : undefined;
}

/** Old files hold addresses with a scheme and a path. */
const hostOf = (key: string): string => {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
};

/** github.com/docker/docker-credential-helpers: the address on standard input, the answer as JSON. */
async function askHelper(
  name: string,
  serveraddress: string,
  environment: Environment,
  failure: Failure,
): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`;
  const failed = (why: string) => failure(`the credential helper ${program} failed for ${serveraddress}: ${why}`);
  if (!/^[\w.-]+$/.test(name)) throw failed('its name is not one');
  const options = {
    env: environment as NodeJS.ProcessEnv,
    input: serveraddress,
    timeout: 60_000,
    mostOutput: 1_048_576,
  };
  const end = await runProgram(program, ['get'], options).catch(({ code }: NodeJS.ErrnoException) => {
    throw failed(code === 'ENOENT' ? 'it is not installed' : `it cannot be run: ${code}`);
  });
  const stdout = end.stdout.toString('utf8');
  if (/credentials not found/i.test(stdout)) return undefined;
  if (end.killedFor === 'timeout') throw failed('no answer in a minute');
  if (end.code !== 0) throw failed(`it ended with ${end.code ?? end.endedBy}`);
  const answer = parseAnswer(stdout);
  if (!answer) throw failed('its answer is not what a helper answers');
  const { Username, Secret } = answer;
  return Username === '<token>'
    ? { identitytoken: Secret, serveraddress }
    : { username: Username, password: Secret, serveraddress };
}

function parseAnswer(text: string): { Username: string; Secret: string } | undefined {
  try {
    const { Username, Secret } = JSON.parse(text) as { Username?: unknown; Secret?: unknown };
    return typeof Username === 'string' && typeof Secret === 'string' ? { Username, Secret } : undefined;
  } catch {
    return undefined;
  }
}
