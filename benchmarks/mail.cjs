// For mail.py: each line on stdin is a JSON string, MJML; answers the milliseconds of processor time
// that one render took.
const mjml = require("mjml");

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const source = JSON.parse(line);
  const begun = process.cpuUsage();
  mjml(source, { validationLevel: "skip", fonts: {} });
  const { user, system } = process.cpuUsage(begun);
  process.stdout.write(`${(user + system) / 1000}\n`);
});
