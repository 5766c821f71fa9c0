/*
 * Loaded into a daemon that is being measured: tells, when it is asked by SIGUSR2, for how long at most its event loop
 * stood still since it was last asked. Measures from the first time on, because that costs something itself.
 */
const { monitorEventLoopDelay } = require('node:perf_hooks');

const RESOLUTION = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
process.on('SIGUSR2', () => {
  delay.enable();
  process.stderr.write(`stall ${delay.count === 0 ? 0 : delay.max / 1e6 - RESOLUTION}\n`);
  delay.reset();
});
