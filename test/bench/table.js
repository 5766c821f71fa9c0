/** Prints a row each: what, measured, floor (or what else it is beside), ratio, goal. All are texts. */
export function printTable(title, rows, beside = 'floor') {
  const all = [['what', 'measured', beside, 'ratio', 'goal'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  console.log(`\n${title}\n`);
  console.log(line(all[0]));
  console.log(line(widths.map((width) => '-'.repeat(width))));
  for (const row of rows) console.log(line(row));
}

export function milliseconds(time) {
  return `${time.toFixed(0)} ms`;
}
