/** The variable of a flag: REELSTATE_LOG_LEVEL for "logLevel" and for "log-level". */
export function variableOf(flag: string): string {
  return `REELSTATE_${flag.replace(/-|(?=[A-Z])/g, '_').toUpperCase()}`;
}
