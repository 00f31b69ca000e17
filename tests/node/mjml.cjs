// Reads MJML sources as a JSON object on stdin, name -> source; prints what npm mjml makes of each.
// Strict: a faulty source is an error, not a guess. No fonts: as our own call, which fetches none.
const mjml = require("mjml");

const made = {};
for (const [name, source] of Object.entries(JSON.parse(require("fs").readFileSync(0, "utf8")))) {
  try {
    const { html, errors } = mjml(source, { validationLevel: "strict", fonts: {} });
    made[name] = { html, errors: errors.map((error) => error.formattedMessage) };
  } catch (error) {
    made[name] = { html: "", errors: [String(error.message)] };
  }
}
process.stdout.write(JSON.stringify(made));
