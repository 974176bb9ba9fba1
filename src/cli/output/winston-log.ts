import winston from 'winston';
import type { Log } from '../../lib/log.ts';
import { type Line, line } from '../../lib/text/line.ts';
import { printableJson } from '../../lib/text/printable.ts';
import { palette } from './terminal.ts';

export type LogFormat = 'text' | 'json';
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Lines for people on a terminal, one JSON object a line for programs. Everything goes to standard output, in order. */
export function winstonLog(format: LogFormat, level: LogLevel): Log {
  return winston.createLogger({
    level,
    format: linesOf(format),
    transports: [new winston.transports.Console({ forceConsole: false })],
  });
}

export const linesOf = (format: LogFormat): winston.Logform.Format => (format === 'json' ? jsonLines : humanLines());

const MESSAGE = Symbol.for('message');

const jsonLines = winston.format.combine(
  winston.format.timestamp(),
  winston.format.json(),
  winston.format.printf((info) => printableJson(String(info[MESSAGE]))),
);

function humanLines(): winston.Logform.Format {
  const { dim, error, change, bold } = palette();
  const paint: Record<string, (text: string) => Line> = { error, warn: change };
  return winston.format.printf(({ level, message, app, service }) => {
    const where = app ? line`${bold(String(app))}${service ? `/${service}` : ''} ` : '';
    const text = paint[level]?.(String(message)) ?? String(message);
    return line`${dim(new Date().toISOString().slice(11, 19))} ${level === 'info' ? '' : `${level}: `}${where}${text}`
      .sent;
  });
}
