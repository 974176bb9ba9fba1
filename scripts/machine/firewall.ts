import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { run } from './processes.ts';

/**
 * A Docker daemon leaves its chains, its bridge, a FORWARD policy of DROP and IP forwarding behind when it ends. On a machine where there was
 * no Docker before, that would be ours to clear up: what it was is remembered in a file, which survives a run that is killed.
 */
const FAMILIES = [
  { tool: 'iptables', forwarding: '/proc/sys/net/ipv4/ip_forward' },
  { tool: 'ip6tables', forwarding: '/proc/sys/net/ipv6/conf/all/forwarding' },
] as const;

interface Before {
  tool: string;
  policy: string;
  forwarding: string;
}

/** The names of Docker's chains and bridges in firewall rules. */
const OF_DOCKER = /\bDOCKER\b|\bDOCKER-|\bdocker0\b|\bbr-[0-9a-f]{12}\b/;

/** Writes down how it is, unless a Docker has been here before (then there is nothing of ours to take back). */
export async function rememberFirewall(file: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) !== undefined) return;
  const before: Before[] = [];
  for (const { tool, forwarding } of FAMILIES) {
    const rules = await run(`${tool}-save`, []).catch(() => undefined);
    if (rules === undefined || OF_DOCKER.test(rules)) continue;
    const policy = /^:FORWARD (\S+)/m.exec(rules.slice(rules.indexOf('*filter')))?.[1] ?? 'ACCEPT';
    before.push({ tool, policy, forwarding: (await readFile(forwarding, 'utf8').catch(() => '')).trim() });
  }
  await writeFile(file, JSON.stringify(before));
}

/** Takes back what Docker added, and leaves rules that anybody else made meanwhile. Does nothing where nothing was remembered. */
export async function restoreFirewall(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const before = JSON.parse(text) as Before[];
  for (const { tool, policy, forwarding } of before) {
    const now = await run(`${tool}-save`, []);
    const kept = now.split('\n').filter((line) => !OF_DOCKER.test(line));
    await feed(`${tool}-restore`, withForwardPolicy(kept, policy).join('\n'));
    const switchFile = FAMILIES.find((family) => family.tool === tool)?.forwarding;
    if (switchFile && forwarding !== '') await writeFile(switchFile, forwarding);
  }
  // Not there where the daemon never came as far.
  if (before.length > 0) await run('ip', ['link', 'delete', 'docker0']).catch(() => undefined);
}

function withForwardPolicy(lines: string[], policy: string): string[] {
  let table = '';
  return lines.map((line) => {
    if (line.startsWith('*')) table = line;
    return table === '*filter' ? line.replace(/^:FORWARD \S+/, `:FORWARD ${policy}`) : line;
  });
}

async function feed(command: string, text: string): Promise<void> {
  const child = spawn(command, [], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdin.end(text);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command}: ${said.trim()}`);
}
