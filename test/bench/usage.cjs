/* Required by a process under measurement: at its end it writes what it used to the file that USAGE_FILE names. */
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    process.env.USAGE_FILE,
    JSON.stringify({ processor: (userCPUTime + systemCPUTime) / 1000, memory: Math.round(maxRSS / 1024) }),
  );
});
