import winston from 'winston';
import type { Log } from '../lib/log.ts';
import { palette } from './terminal.ts';

export type LogFormat = 'text' | 'json';
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Lines for people on a terminal, one JSON object a line for programs. Everything goes to standard output, in order. */
export function winstonLog(format: LogFormat, level: LogLevel): Log {
  return winston.createLogger({
    level,
    format: format === 'json' ? jsonLines : humanLines(),
    transports: [new winston.transports.Console({ forceConsole: false })],
  });
}

const jsonLines = winston.format.combine(winston.format.timestamp(), winston.format.json());

function humanLines(): winston.Logform.Format {
  const { dim, error, change, bold } = palette();
  const paint: Record<string, (text: string) => string> = { error, warn: change };
  return winston.format.printf(({ level, message, app, service }) => {
    const where = app ? `${bold(String(app))}${service ? `/${service}` : ''} ` : '';
    const text = paint[level]?.(String(message)) ?? String(message);
    return `${dim(new Date().toISOString().slice(11, 19))} ${level === 'info' ? '' : `${level}: `}${where}${text}`;
  });
}
