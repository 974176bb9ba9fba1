#!/usr/bin/env node
// Keeps one comment of a pull request (GitHub) or merge request (GitLab) up to date: the effect of the change on every site.
// It needs Node 22 or later, `holdfast` and `git` in PATH, and the whole history in the clone. It exits with 2 if anything is refused.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';

const MARKER = '<!-- holdfast diff --fleet -->';
const MOST_PAGES = 100;
const env = process.env;

/** The request that this run is about, and how its comments are read and written. */
function forge() {
  if (env.GITHUB_ACTIONS) return github();
  if (env.GITLAB_CI) return gitlab();
  throw new Error('this is neither GitHub Actions nor GitLab CI');
}

function github() {
  const { pull_request: pull } = JSON.parse(readFileSync(needed('GITHUB_EVENT_PATH'), 'utf8'));
  if (!pull) throw new Error('this run is not about a pull request: use `on: pull_request`');
  const repo = `${needed('GITHUB_API_URL')}/repos/${needed('GITHUB_REPOSITORY')}`;
  const headers = { authorization: `Bearer ${env.GITHUB_TOKEN}`, accept: 'application/vnd.github+json' };
  return {
    hasToken: Boolean(env.GITHUB_TOKEN),
    base: pull.base.sha,
    // Anybody may write the marker, so only the comment of a program is changed.
    isOurs: async ({ user }) => user?.type === 'Bot',
    list: (page) => ask('GET', `${repo}/issues/${pull.number}/comments?per_page=100&page=${page}`, headers),
    create: (body) => ask('POST', `${repo}/issues/${pull.number}/comments`, headers, { body }),
    update: (id, body) => ask('PATCH', `${repo}/issues/comments/${id}`, headers, { body }),
  };
}

function gitlab() {
  const api = needed('CI_API_V4_URL');
  const notes = `${api}/projects/${needed('CI_PROJECT_ID')}/merge_requests/${needed('CI_MERGE_REQUEST_IID')}/notes`;
  const headers = { 'private-token': env.HOLDFAST_GITLAB_TOKEN ?? '' };
  let me;
  return {
    hasToken: Boolean(env.HOLDFAST_GITLAB_TOKEN),
    base: needed('CI_MERGE_REQUEST_DIFF_BASE_SHA'),
    isOurs: async ({ author }) => {
      me ??= ask('GET', `${api}/user`, headers);
      return author?.id === (await me).id;
    },
    list: (page) => ask('GET', `${notes}?per_page=100&page=${page}`, headers),
    create: (body) => ask('POST', notes, headers, { body }),
    update: (id, body) => ask('PUT', `${notes}/${id}`, headers, { body }),
  };
}

function needed(name) {
  if (env[name]) return env[name];
  throw new Error(`${name} is not set`);
}

async function ask(method, url, headers, body) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, 'user-agent': 'holdfast-comment', ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok) return response.json();
  throw new Error(`${method} ${new URL(url).pathname} was answered with HTTP ${response.status}`);
}

/** The exit code of the diff, and the comment. */
function effect(base) {
  const from = execFileSync('git', ['merge-base', base, 'HEAD'], { encoding: 'utf8' }).trim();
  const args = ['diff', '--fleet', '--from', from, '--to', 'HEAD', '--output', 'markdown'];
  const { status, stdout, stderr, error } = spawnSync('holdfast', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  if (error) throw error;
  process.stderr.write(stderr);
  if (stdout !== '') return { code: status ?? 2, markdown: stdout };
  const said = stderr.slice(-10_000).replaceAll('`', "'");
  return { code: status || 2, markdown: `### Effect on the fleet\n\nIt is not known:\n\n\`\`\`\n${said}\n\`\`\`\n` };
}

async function find({ list, isOurs }) {
  for (let page = 1; page <= MOST_PAGES; page++) {
    const comments = await list(page);
    for (const comment of comments) if (comment.body?.startsWith(MARKER) && (await isOurs(comment))) return comment;
    if (comments.length < 100) return undefined;
  }
  return undefined;
}

async function keepComment(request, body, isWorthOne) {
  const comment = await find(request);
  if (comment?.body.trim() === body.trim()) return 'the comment is up to date';
  if (comment) return (await request.update(comment.id, body)) && 'updated the comment';
  return isWorthOne ? (await request.create(body)) && 'wrote a comment' : 'nothing changes, so there is no comment';
}

try {
  const request = forge();
  const { code, markdown } = effect(request.base);
  if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, markdown);
  else process.stdout.write(markdown);
  process.exitCode = code === 1 ? 0 : code;
  // A request from a fork gets a token that may not write. The summary of the run has the text all the same.
  const told = request.hasToken
    ? await keepComment(request, `${MARKER}\n${markdown}`, code !== 0).catch((error) => `no comment: ${error.message}`)
    : 'no comment: there is no token';
  console.error(told);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}
