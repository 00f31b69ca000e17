// Reads the names of HTML files as a JSON array on stdin; prints what html-validate finds in each.
// The rules left out forbid what mail is made of: styles in attributes, conditional comments for
// Outlook, attributes HTML has given up, layout tables with roles. Titles of issues may be long.
const { HtmlValidate, StaticConfigLoader } = require("html-validate");

const judge = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ["html-validate:recommended"],
    rules: {
      "no-inline-style": "off",
      "no-conditional-comment": "off",
      "no-deprecated-attr": "off",
      "void-style": "off",
      "doctype-style": "off",
      "prefer-native-element": "off",
      "long-title": "off",
    },
  }),
);
const found = {};
for (const name of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  found[name] = judge
    .validateFileSync(name)
    .results.flatMap((result) => result.messages)
    .map((said) => `${said.line}:${said.column} ${said.ruleId}: ${said.message}`);
}
process.stdout.write(JSON.stringify(found));
