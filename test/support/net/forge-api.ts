import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForgeComment {
  id: number;
  body: string;
  /** As GitHub tells it. */
  user: { type: 'Bot' | 'User' };
  /** As GitLab tells it. */
  author: { id: number };
}

/** The comments of one request at a forge, by the parts of GitHub's and GitLab's APIs that the example for CI uses. */
export interface ForgeApi {
  url: string;
  comments: ForgeComment[];
  /** `POST 201`, in order; reading is not in it. */
  written: string[];
  /** It refuses to write, as for a request from a fork. */
  isReadOnly: boolean;
  /** A person writes a comment. */
  say(body: string): void;
  close(): Promise<void>;
}

/** The token that it knows. */
export const FORGE_TOKEN = 'forge-token';
const BOT = 7;

/** Sources: docs.github.com/rest/issues/comments, docs.gitlab.com/api/notes. */
export async function startForgeApi(): Promise<ForgeApi> {
  const comments: ForgeComment[] = [];
  const written: string[] = [];
  const add = (body: string, isBot: boolean): ForgeComment => {
    const comment: ForgeComment = {
      id: comments.length + 1,
      body,
      user: { type: isBot ? 'Bot' : 'User' },
      author: { id: isBot ? BOT : 1 },
    };
    comments.push(comment);
    return comment;
  };
  const answer = async (request: IncomingMessage): Promise<[status: number, body: unknown]> => {
    const { method = '', headers } = request;
    const url = new URL(request.url ?? '', 'http://forge');
    const isKnown = headers.authorization === `Bearer ${FORGE_TOKEN}` || headers['private-token'] === FORGE_TOKEN;
    if (!isKnown) return [401, {}];
    if (url.pathname === '/user') return [200, { id: BOT }];
    const [, , id] =
      /^\/repos\/team\/fleet\/issues\/(5\/comments|comments\/(\d+))$/.exec(url.pathname) ??
      /^\/projects\/3\/merge_requests\/5\/(notes|notes\/(\d+))$/.exec(url.pathname) ??
      [];
    if (!/\/(comments|notes)(\/\d+)?$/.test(url.pathname)) return [404, {}];
    if (method === 'GET') {
      const [size, page] = [Number(url.searchParams.get('per_page')), Number(url.searchParams.get('page'))];
      return [200, comments.slice((page - 1) * size, page * size)];
    }
    if (api.isReadOnly) return [403, {}];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { body } = JSON.parse(Buffer.concat(chunks).toString()) as { body: string };
    if (method === 'POST') return [201, add(body, true)];
    const comment = comments.find((each) => each.id === Number(id));
    if (!comment || !['PATCH', 'PUT'].includes(method)) return [404, {}];
    comment.body = body;
    return [200, comment];
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      if (request.method !== 'GET') written.push(`${request.method} ${status}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const api: ForgeApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments,
    written,
    isReadOnly: false,
    say: (body) => void add(body, false),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return api;
}
