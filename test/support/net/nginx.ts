import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { install, isDebian, isRoot } from '../../../scripts/machine/debian.ts';
import {
  hasCommand,
  pathWithSbin,
  run,
  startDaemon,
  stopProcesses,
  tail,
  until,
} from '../../../scripts/machine/processes.ts';
import type { Authority } from './authority.ts';
import { freePort } from './registry.ts';

export interface Nginx {
  port: number;
  /** For each request, in order: whether its TLS session is one that was resumed. */
  resumed(): Promise<boolean[]>;
  stop(): Promise<void>;
}

export interface NginxOptions {
  /** The plain HTTP server behind it, as `http://127.0.0.1:PORT`. */
  upstream: string;
  authority: Authority;
  credentials?: { username: string; password: string };
  /** Only clients with a certificate of the authority are served. */
  clientCertificates?: boolean;
  /** Closes a connection after each answer. */
  withoutKeepAlive?: boolean;
}

export const canStartNginx = async (): Promise<boolean> => (await hasNginx()) || (isRoot() && (await isDebian()));

const hasNginx = async (): Promise<boolean> =>
  (await run('sh', ['-c', `PATH="${pathWithSbin()}"; command -v nginx || true`])).trim() !== '' ||
  (await hasCommand('nginx'));

/** nginx with TLS on loopback before another server; its files are below `dir`. */
export async function startNginx(dir: string, options: NginxOptions): Promise<Nginx> {
  if (!(await hasNginx())) await install(['nginx-light']);
  const home = await mkdtemp(join(dir, 'nginx-'));
  const port = await freePort();
  const { authority, clientCertificates, credentials, upstream, withoutKeepAlive } = options;
  if (credentials) {
    const hash = (await run('openssl', ['passwd', '-apr1', credentials.password])).trim();
    await writeFile(join(home, 'users'), `${credentials.username}:${hash}\n`);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  await writeFile(
    join(home, 'nginx.conf'),
    `daemon off;
${isRoot() ? 'user root;' : ''}
master_process off;
pid ${home}/pid;
error_log ${home}/error.log;
events { worker_connections 128; }
http {
  ${temporary.join('\n  ')}
  log_format resumed '$ssl_session_reused';
  access_log ${home}/access.log resumed;
  ${withoutKeepAlive ? 'keepalive_timeout 0;' : ''}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${authority.server.certFile};
    ssl_certificate_key ${authority.server.keyFile};
    ssl_session_cache shared:SSL:1m;
    ${clientCertificates ? `ssl_client_certificate ${authority.caFile}; ssl_verify_client on;` : ''}
    location / {
      ${credentials ? `auth_basic "Git"; auth_basic_user_file ${home}/users;` : ''}
      proxy_pass ${upstream};
      proxy_http_version 1.1;
      client_max_body_size 0;
    }
  }
}
`,
  );
  const log = join(home, 'out.log');
  const nginx = (await run('sh', ['-c', `PATH="${pathWithSbin()}"; command -v nginx`])).trim();
  const daemon = await startDaemon(nginx, ['-c', join(home, 'nginx.conf'), '-e', join(home, 'error.log')], log);
  const listens = () =>
    run('sh', ['-c', `openssl s_client -connect 127.0.0.1:${port} </dev/null >/dev/null 2>&1 && echo up || true`]);
  const isUp = await until(async () => daemon.hasExited() || (await listens()).trim() === 'up', 20_000);
  const stop = (): Promise<void> => stopProcesses([daemon.pid], 3000);
  if (!isUp || daemon.hasExited()) {
    const words = (await tail(log)) + (await tail(join(home, 'error.log')));
    await stop();
    throw new Error(`nginx did not come up:\n${words}`);
  }
  return {
    port,
    stop,
    resumed: async () =>
      (await readFile(join(home, 'access.log'), 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((mark) => mark === 'r'),
  };
}
